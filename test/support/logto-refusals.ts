import { readFileSync } from 'node:fs';
import { RECORDED } from './recorded-answers.js';

/** A refusal of Logto's token endpoint. */
export interface LogtoRefusal {
  readonly status: number;
  readonly error: string;
  readonly error_description: string;
}

interface Recorded {
  readonly status: number;
  readonly body: unknown;
}

const recorded: Recorded[] = [
  ...Object.values(
    JSON.parse(
      readFileSync(new URL('../fixtures/logto/token-errors.json', import.meta.url), 'utf8'),
    ) as Record<string, Recorded>,
  ),
  ...Object.values(RECORDED as unknown as Record<string, Recorded>),
];

const refusal = (status: number, error: string, error_description: string): LogtoRefusal => ({
  status,
  error,
  error_description,
});

/** Refusals that were seen on a Logto of August 2026, but not recorded. */
const SEEN = [
  refusal(400, 'invalid_redirect_uri', 'redirect_uris must contain members'),
  refusal(400, 'invalid_request', 'client secret has expired'),
  // This description comes from the script of the tenant.
  refusal(400, 'access_denied', 'No tokens on Sundays.'),
];

/** Refusals of other endpoints, or of requests that this package never sends. */
const ELSEWHERE = /unsupported_token_type|invalid_token|\((GET on \/nope|POST on \/jwks)\)/;

/** All known refusals of the token endpoint, without duplicates. */
export const LOGTO_REFUSALS: readonly LogtoRefusal[] = [
  ...recorded.flatMap(({ status, body }) => {
    const { error, error_description = '' } = Object(body) as Partial<LogtoRefusal>;
    return error === undefined ? [] : [refusal(status, error, error_description)];
  }),
  ...SEEN,
].filter((one, index, all) => {
  const text = JSON.stringify(one);
  return !ELSEWHERE.test(text) && all.findIndex((other) => JSON.stringify(other) === text) === index;
});

/** Returns the refusal with this description. */
export function refusalThatSays(description: string | RegExp, status?: number): LogtoRefusal {
  const found = LOGTO_REFUSALS.find(
    (one) =>
      (status === undefined || one.status === status) &&
      (typeof description === 'string'
        ? one.error_description === description
        : description.test(one.error_description)),
  );
  if (found === undefined) throw new Error(`No refusal says ${description}.`);
  return found;
}
