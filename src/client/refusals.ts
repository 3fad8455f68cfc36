import { bare } from '../util/own.js';
import type { ClientSettings } from './options.js';

/** The error response of Logto's token endpoint (RFC 6749 section 5.2). */
export interface TokenErrorResponse {
  readonly status: number;
  /** Logto's `error`. */
  readonly code: string;
  /** Logto's `error_description`; undefined if it must not be shown. */
  readonly description: string | undefined;
}

/** The request that was refused. */
export type TokenRequest = Pick<
  ClientSettings,
  'endpoint' | 'appId' | 'appSecret' | 'resource' | 'organizationId'
>;

/** The cause of a refusal and its remedy, in whole sentences. */
export interface Explanation {
  readonly cause: string;
  readonly fix: string;
}

/** One kind of refusal. All conditions must match. */
interface Row {
  readonly code: string;
  readonly status?: number;
  /** Matches part of the description. */
  readonly says?: RegExp;
  /** Whether the request can cause this refusal. */
  readonly asked?: (request: TokenRequest) => boolean;
  readonly cause: (request: TokenRequest, description: string | undefined) => string;
  readonly fix: (request: TokenRequest) => string;
}

const NOT_FOR_MACHINES: Pick<Row, 'cause' | 'fix'> = {
  cause: ({ appId }) => `App ${appId} is not a machine-to-machine app.`,
  fix: () =>
    'Create a machine-to-machine app in the Logto Console, and use its id and secret: the type of an app cannot be changed.',
};

/** A refusal of a request that was changed in transit. */
function changed(code: string, says: RegExp, cause: Row['cause']): Row {
  const fix = ({ endpoint }: TokenRequest) =>
    `Something between here and ${endpoint} changed the request: look at the proxies there, and at the \`fetch\` option.`;
  return { code, says, cause, fix };
}

/** Logto's errors, their causes and remedies. The first row that matches applies, so general ones come last. */
export const REFUSALS: readonly Row[] = [
  {
    code: 'invalid_client',
    status: 401,
    cause: ({ appId }) =>
      `The secret is not that of app ${appId}, or this app is not a machine-to-machine app.`,
    fix: (request) =>
      "Copy the secret again from the app's page in the Logto Console. If that page shows no secret, create a " +
      `machine-to-machine app: the type of an app cannot be changed.${adviceOnSurplus(request)}`,
  },
  {
    code: 'invalid_client',
    cause: ({ endpoint, appId }) =>
      `Logto at ${endpoint} has no app ${appId}: it was deleted, or it belongs to another tenant.`,
    fix: (request) =>
      'Compare the app id and the endpoint with the Logto Console. If you host Logto yourself, the address of the ' +
      `Console (port 3002 by default) is that of another tenant.${adviceOnSurplus(request)}`,
  },
  { code: 'invalid_request', says: /requested grant type is not allowed/, ...NOT_FOR_MACHINES },
  { code: 'invalid_redirect_uri', ...NOT_FOR_MACHINES },
  {
    code: 'invalid_request',
    says: /secret has expired/,
    cause: ({ appId }) => `The secret of app ${appId} has expired.`,
    fix: ({ appId }) => `Create a new secret on the page of app ${appId} in the Logto Console.`,
  },
  {
    code: 'access_denied',
    status: 403,
    says: /not associated with the organization/,
    asked: ({ organizationId }) => organizationId !== undefined,
    cause: ({ appId, organizationId }) =>
      `App ${appId} is not in the organization ${organizationId}, or there is no such organization.`,
    fix: () => 'Add the app to the organization in the Logto Console, with an organization role.',
  },
  {
    code: 'access_denied',
    status: 400,
    cause: (_request, description) =>
      `A custom-claims script of the tenant refused the token request${description === undefined ? '.' : `: ${sentence(description)}`}`,
    fix: () => 'Read the script for machine-to-machine apps (Console > Custom JWT), and ask its author.',
  },
  {
    code: 'invalid_target',
    says: /missing, or unknown/,
    asked: ({ resource }) => resource !== undefined,
    cause: ({ endpoint, resource }) =>
      `Logto at ${endpoint} has no API resource with the identifier ${resource}.`,
    fix: ({ resource = '' }) =>
      `Compare it with Console > API resources, character by character${resource.endsWith('/') ? '. Does the identifier there end with a slash, too?' : '.'}`,
  },
  changed(
    'invalid_target',
    /are not provided/,
    (request) => `Logto received no ${targetsOf(request)}, although it was sent.`,
  ),
  changed(
    'invalid_target',
    /single resource|absolute URI|fragment/,
    () => 'Logto received a different `resource` from the one that was sent.',
  ),
  changed(
    'invalid_request',
    /missing required parameter/,
    () => 'Logto received no `grant_type`, although it was sent.',
  ),
  changed(
    'unsupported_grant_type',
    /^/,
    () => 'Logto received a different `grant_type` from the one that was sent.',
  ),
  changed(
    'invalid_request',
    /no client authentication mechanism/,
    () => 'Logto received no Authorization header, although it was sent.',
  ),
  changed(
    'invalid_request',
    /not properly encoded/,
    () =>
      'Logto received an app id or a secret with a line break, or with a character that is not ASCII, although none was sent.',
  ),
  changed(
    'invalid_request',
    /authorization header|only be provided using one mechanism/i,
    () => 'Logto received different credentials from those that were sent.',
  ),
  changed(
    'invalid_request',
    /must not be provided twice/,
    () => 'Logto received a parameter twice, although it was sent once.',
  ),
  changed(
    'invalid_request',
    /unrecognized route or not allowed method/,
    () => 'Logto received the request at a different path, or with a method other than POST.',
  ),
  {
    code: 'invalid_request',
    says: /^origin .* not allowed/,
    cause: () => 'The request has an Origin header, and the app does not allow requests from that origin.',
    fix: () => 'Request tokens on a server, never in a browser, where everyone could read the secret.',
  },
];

/** Returns the cause of a refusal and its remedy; undefined if the refusal is not in the table. */
export function explain(response: TokenErrorResponse, request: TokenRequest): Explanation | undefined {
  const row = REFUSALS.find((one) => fits(one, response, request));
  return row && { cause: row.cause(request, response.description), fix: row.fix(request) };
}

function fits(
  row: Row,
  { status, code, description = '' }: TokenErrorResponse,
  request: TokenRequest,
): boolean {
  const { says, asked, status: only } = bare(row);
  return (
    row.code === code &&
    (only === undefined || only === status) &&
    (says === undefined || says.test(description)) &&
    (asked === undefined || asked(request))
  );
}

/** Some .env loaders keep quotation marks and spaces. */
function adviceOnSurplus({ appId, appSecret }: TokenRequest): string {
  const options = Object.entries({ appId, appSecret });
  const name = options.find(([, value]) => /^[\s'"]|[\s'"]$/.test(value))?.[0];
  return name === undefined ? '' : ` \`${name}\` begins or ends with a quotation mark or a space: remove it.`;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function targetsOf({ resource, organizationId }: TokenRequest): string {
  const sent = [resource && '`resource`', organizationId && '`organization_id`'];
  return sent.filter(Boolean).join(' and no ');
}
