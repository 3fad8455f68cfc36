import type { RequestHandler } from 'express';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AuthErrorReason, kindOf } from '../../src/errors.js';
import { createLogtoAuth, type LogtoAuthOptions } from '../../src/index.js';
import { API, TokenIssuer } from '../support/client.js';
import { createSigningKey } from '../support/signing.js';
import { runDoctor, startApi, startIssuing } from './doctor.js';

let logto: TokenIssuer;

beforeAll(async () => {
  logto = await TokenIssuer.start();
});
afterAll(() => logto.stop());

const ORGANIZATION = 'tgqjike3k7pu';
const issuer = () => `${logto.endpoint}/oidc`;
const guardWith = (options: LogtoAuthOptions): RequestHandler =>
  createLogtoAuth({
    audience: API,
    ...(options.issuers === undefined && { endpoint: logto.endpoint }),
    ...options,
  }).requireScopes('read:products') as RequestHandler;
const pinned = (kid?: string) => {
  const { publicJwk } = createSigningKey('ES384', kid === undefined ? {} : { kid });
  return guardWith({ issuers: [{ issuer: issuer(), jwks: { keys: [publicJwk] } }] });
};
async function kidOfLogto(): Promise<string> {
  const { keys } = (await (await fetch(`${issuer()}/jwks`)).json()) as { keys: { kid: string }[] };
  return keys[0]?.kid ?? '';
}

/** Refuses every token like a guard on a machine with another clock, which a test cannot have. */
function refusing(reason: AuthErrorReason): RequestHandler {
  const { status, code, description } = kindOf(reason);
  const challenge = `Bearer realm="api", error="${code}", error_description="${description}"`;
  return (req, res, next) =>
    req.headers.authorization === undefined
      ? guardWith({})(req, res, next)
      : void res.writeHead(status, { 'www-authenticate': challenge }).end();
}

const twice: RequestHandler = (req, _res, next) => {
  if (req.headers.authorization !== undefined) req.headers.authorization += ' and-another';
  next();
};

it.each<
  [
    reason: AuthErrorReason,
    what: string,
    guards: () => RequestHandler[] | Promise<RequestHandler[]>,
    args: string[],
    fix: RegExp,
  ]
>([
  ['malformed', 'a proxy alters the header', () => [twice, guardWith({})], [], /The header was altered/],
  [
    'algorithm',
    'the guard does not accept the algorithm',
    () => [guardWith({ algorithms: ['RS256'] })],
    [],
    /Add the algorithm .* to `algorithms` of the/,
  ],
  ['unknown_key', 'the guard has other keys', () => [pinned()], [], /keys of another Logto, or old keys/],
  [
    'signature',
    'the guard has another key with the same id',
    async () => [pinned(await kidOfLogto())],
    [],
    /with the same id/,
  ],
  [
    'revoked',
    'isRevoked returns true',
    () => [guardWith({ isRevoked: () => true })],
    [],
    /^The API's `isRevoked` returned true for this token of app \w+\.$/,
  ],
  [
    'expired',
    'the clock of the API is ahead',
    () => [refusing('expired')],
    [],
    /clock is ahead by more than the token's life/,
  ],
  [
    'not_yet_valid',
    'the clock of the API is behind',
    () => [refusing('not_yet_valid')],
    [],
    /clock is behind/,
  ],
  [
    'organization',
    'the guard requires an organization',
    () => [guardWith({ organization: 'required' })],
    [],
    /request a token for it \(--organization ID\)/,
  ],
  [
    'organization',
    'the guard expects no organization',
    () => [guardWith({})],
    ['--organization', ORGANIZATION],
    /only valid for the organization tgqjike3k7pu/,
  ],
  [
    'audience',
    'the guard expects another API',
    () => [guardWith({ audience: 'https://other.api' })],
    [],
    /set LOGTO_AUDIENCE=https:\/\/shopping\.api there.* --resource '' --organization ID\.$/,
  ],
  [
    'audience',
    "the token is an organization's own",
    () => [guardWith({})],
    ['--resource', '', '--organization', ORGANIZATION],
    /(?!.*LOGTO_AUDIENCE=).*--resource URI --organization ID.*requireOrganizationScopes\.$/,
  ],
  [
    'issuer',
    'the guard trusts another Logto',
    () => [guardWith({ endpoint: 'https://auth.example' })],
    [],
    /set LOGTO_ENDPOINT=http:\S+ there, or add this issuer to its `issuers`/,
  ],
])('logto-m2m doctor explains a refusal with the reason %s: %s', async (reason, _what, guards, args, fix) => {
  const api = await startApi(...(await guards()));
  const wanted = [...args, '--scope', 'read:products', '--api', `${api.url}/products`];
  const { code, problems } = await runDoctor(logto, wanted, {}, { app: 'partner-service' });
  expect(code).toBe(1);
  const { status, description } = kindOf(reason);
  const last = problems.at(-1)?.split(' → ') ?? [];
  expect(last[0]).toMatch(new RegExp(`^✗ api .* returns ${status} with the token: ${description}$`));
  expect(last[1]).toMatch(fix);
  await api.stop();
});

it.each<[reason: AuthErrorReason, claims: object, fix: RegExp]>([
  [
    'claims',
    { organization_id: null },
    /^A custom-claims script sets an invalid `nbf` or `organization_id`: .* Console > Custom JWT\.$/,
  ],
  ['sender_constrained', { cnf: { jkt: 'abc' } }, /^A custom-claims script sets the claim `cnf`: /],
])(
  'logto-m2m doctor explains a refusal with the reason %s: a script sets %j',
  async (reason, claims, fix) => {
    const front = await startIssuing(logto.app().id, claims);
    const api = await startApi(guardWith({ endpoint: front.url }));
    const wanted = ['--scope', 'read:products', '--api', `${api.url}/products`];
    const { code, problems } = await runDoctor(logto, wanted, { LOGTO_ENDPOINT: front.url });
    expect({ code, problems }).toEqual({
      code: 1,
      problems: [
        expect.stringMatching(`^✗ verification .* \\(${reason}\\) → `),
        expect.stringMatching(/^✗ api /),
      ],
    });
    const [message = '', advice] = problems[1]?.split(' → ') ?? [];
    expect(message).toContain(`returns 401 with the token: ${kindOf(reason).description}`);
    expect(advice).toMatch(fix);
    await Promise.all([api.stop(), front.stop()]);
  },
);
