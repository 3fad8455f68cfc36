import { ORGANIZATION_AUDIENCE } from '../../checks/logto.js';
import { own } from '../../checks/own.js';
import { type AuthErrorReason, kindOf } from '../../errors.js';
import { assignment, inARow } from '../words.js';
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

/** Where the challenge has no error code, none came (RFC 6750 section 3.1). */
const LOST = 'The token got lost on the way: does a proxy before the API take the Authorization header away?';

/** What to do about each refusal of this package's guards. Those not here a token just granted cannot meet. */
const FIXES: Partial<Record<AuthErrorReason, (sent: Sent, challenge: Challenge) => string>> = {
  malformed: () =>
    'The header was altered on the way: does a proxy before the API add an Authorization of its own?',
  audience: ({ audience }) =>
    audience.startsWith(ORGANIZATION_AUDIENCE)
      ? "The token is an organization's own, and the route takes those for an API: ask for one of that API inside the organization (--resource URI --organization ID), or protect the route by requireOrganizationScopes."
      : `The token is for ${audience}, and the API expects another: set ${assignment('LOGTO_AUDIENCE', audience)} there, or ask for the API's own indicator here (--resource), to the letter. Or the route takes organization tokens alone: --resource '' --organization ID.`,
  issuer: ({ issuer }) => {
    const endpoint = endpointFor(issuer);
    const set = endpoint === undefined ? '' : `set ${assignment('LOGTO_ENDPOINT', endpoint)} there, or `;
    return `The token is of ${issuer}, and the API trusts another issuer: ${set}list that one in its \`issuers\`.`;
  },
  expired: () => "The API's clock is ahead by more than the token's life: set it by NTP.",
  not_yet_valid: () => "The API's clock is behind: set it by NTP.",
  algorithm: () => 'Let `algorithms` of the API hold the one that Logto signs with, or leave it out.',
  unknown_key: () =>
    'The API has keys of another Logto, or old ones: is its `jwksUri` right? Restart it, if it holds `jwks`.',
  signature: () => 'The API has another key under the same id: is its `jwksUri` that of this Logto?',
  revoked: ({ appId }) => `isRevoked of the API refuses this token or app ${appId}: take it off the list.`,
  organization: ({ organization }) =>
    organization === undefined
      ? 'The route is about one organization: ask for a token of it (--organization ID).'
      : `The token holds for the organization ${organization} alone: the route must have an organization rule, and be about that one.`,
  scope: ({ scopes, appId }, challenge) => {
    const missing = challenge.scopes.filter((scope) => !scopes.includes(scope));
    const needs = missing.length > 0 ? inARow(missing) : 'a permission that it does not name';
    return `The route needs ${needs}: ask for it (--scope), and let a role of app ${appId} give it.`;
  },
};

/** What to do about a 401 or 403, by the challenge that came with it. */
export function fixForRefusal(status: number, challenge: Challenge | undefined, sent: Sent): string {
  if (challenge === undefined) {
    return 'It comes from something else than a guard for bearer tokens: a proxy before the API, or the handler itself.';
  }
  if (status === 401 && challenge.error === undefined) return LOST;
  if (status === 400 || challenge.error === 'invalid_request')
    return own(FIXES, 'malformed')?.(sent, challenge) ?? '';
  const reasons = Object.keys(FIXES) as AuthErrorReason[];
  const reason = reasons.find((one) => kindOf(one).description === challenge.description);
  const fix = reason === undefined ? undefined : own(FIXES, reason);
  if (fix !== undefined) return fix(sent, challenge);
  if (status === 403) return own(FIXES, 'scope')?.(sent, challenge) ?? '';
  return `The token is of ${sent.issuer} for ${sent.audience}: does the API expect these, to the letter?`;
}
