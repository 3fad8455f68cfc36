import { type AuthErrorReason, kindOf } from '../../errors.js';
import { ORGANIZATION_AUDIENCE } from '../../util/logto.js';
import { own } from '../../util/own.js';
import { assignment, joinWords } from '../words.js';
import type { Challenge } from './challenge.js';
import { endpointFor } from './issuer.js';

/** The token that an API has refused. */
export interface Sent {
  readonly issuer: string;
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly organization: string | undefined;
  readonly appId: string;
}

/** The fix if the challenge has no error code: the API received no token (RFC 6750 section 3.1). */
const LOST =
  'The API did not receive the token: does a proxy in front of the API remove the Authorization header?';

/** The fix for each refusal of this package's guards. The other refusals do not occur with a new token of Logto. */
const FIXES: Partial<Record<AuthErrorReason, (sent: Sent, challenge: Challenge) => string>> = {
  malformed: () =>
    'The header was altered: does a proxy in front of the API add its own Authorization header?',
  audience: ({ audience }) =>
    audience.startsWith(ORGANIZATION_AUDIENCE)
      ? "The token is an organization's own, but the route accepts tokens for an API: request a token for that API inside the organization (--resource URI --organization ID), or protect the route with requireOrganizationScopes."
      : `The token is for ${audience}, but the API expects another audience: set ${assignment('LOGTO_AUDIENCE', audience)} there, or pass exactly the API's indicator here (--resource). If the route accepts only organization tokens, pass --resource '' --organization ID.`,
  issuer: ({ issuer }) => {
    const endpoint = endpointFor(issuer);
    const set = endpoint === undefined ? '' : `set ${assignment('LOGTO_ENDPOINT', endpoint)} there, or `;
    return `The issuer of the token is ${issuer}, but the API trusts a different one: ${set}add this issuer to its \`issuers\`.`;
  },
  expired: () => "The API's clock is ahead by more than the token's life: set it by NTP.",
  not_yet_valid: () => "The API's clock is behind: set it by NTP.",
  algorithm: () => 'Add the algorithm of the keys of Logto to `algorithms` of the API, or omit the option.',
  unknown_key: () =>
    'The API has keys of another Logto, or old keys: is its `jwksUri` right? If it has `jwks`, update them and restart it.',
  signature: () => 'The API has another key with the same id: is its `jwksUri` the one of this Logto?',
  revoked: ({ appId }) => `The API's \`isRevoked\` returned true for this token of app ${appId}.`,
  claims: () =>
    'A custom-claims script sets an invalid `nbf` or `organization_id`: correct it in Console > Custom JWT.',
  sender_constrained: () =>
    'A custom-claims script sets the claim `cnf`: correct it in Console > Custom JWT.',
  organization: ({ organization }) =>
    organization === undefined
      ? 'The route requires an organization: request a token for it (--organization ID).'
      : `The token is only valid for the organization ${organization}: the route must have an organization rule for this organization.`,
  scope: ({ scopes, appId }, challenge) => {
    const missing = challenge.scopes.filter((scope) => !scopes.includes(scope));
    const needs = missing.length > 0 ? joinWords(missing) : 'a permission that the challenge does not name';
    return `The route needs ${needs}: request it (--scope), and assign app ${appId} a role that grants it.`;
  },
};

/** Returns the fix for a 400, 401 or 403, based on its challenge. */
export function fixForRefusal(status: number, challenge: Challenge | undefined, sent: Sent): string {
  if (challenge === undefined) {
    return 'The response is not from a guard for bearer tokens: it comes from a proxy in front of the API, or from the handler.';
  }
  if (status === 401 && challenge.error === undefined) return LOST;
  if (status === 400 || challenge.error === 'invalid_request')
    return own(FIXES, 'malformed')?.(sent, challenge) ?? '';
  const reasons = Object.keys(FIXES) as AuthErrorReason[];
  const reason = reasons.find((one) => kindOf(one).description === challenge.description);
  const fix = reason === undefined ? undefined : own(FIXES, reason);
  if (fix !== undefined) return fix(sent, challenge);
  if (status === 403) return own(FIXES, 'scope')?.(sent, challenge) ?? '';
  return `The token has the issuer ${sent.issuer} and the audience ${sent.audience}: does the API expect exactly these?`;
}
