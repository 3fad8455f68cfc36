import type { VerifyOptions } from '../../index.js';
import { ORGANIZATION_AUDIENCE } from '../../util/logto.js';
import { isAccessTokenType } from '../../verification/token-form.js';
import { wordOf } from '../words.js';
import type { DecodedToken } from './decoded-token.js';

/** The kind of a token. */
export interface TokenKind {
  readonly name:
    | 'api'
    | 'api-in-organization'
    | 'organization'
    | 'management'
    | 'user'
    | 'id-token'
    | 'other';
  /** In a sentence. */
  readonly sentence: string;
  /** Whether it is intended for programs that call an API. */
  readonly isForMachines: boolean;
  /** The options of a guard that requires such a token. */
  readonly demand: Pick<VerifyOptions, 'organization' | 'organizationToken'>;
}

/** Returns the kind of a Logto token, based on its claims. */
export function kindOfToken({ header, claims }: DecodedToken): TokenKind {
  const { aud, sub, client_id: app, organization_id: organization } = claims;
  if (!isAccessTokenType(header['typ'])) return noAccessToken(claims);
  const [audience = ''] = [aud].flat().map(wordOf);
  const demand = organization === undefined ? {} : { organization: { id: wordOf(organization) } };
  if (audience.startsWith(ORGANIZATION_AUDIENCE)) {
    const id = audience.slice(ORGANIZATION_AUDIENCE.length);
    const sentence = `An organization token of ${id}: accepted only by routes with requireOrganizationScopes.`;
    return { ...ofSubject(claims, 'organization', sentence), demand: { organizationToken: { id } } };
  }
  if (organization !== undefined) {
    const sentence = `An access token for the API ${audience} inside the organization ${wordOf(organization)}: accepted only by routes with an organization rule.`;
    return { ...ofSubject(claims, 'api-in-organization', sentence), demand };
  }
  if (/^https:\/\/[\w-]+\.logto\.app\/api$/.test(audience)) {
    return ofSubject(claims, 'management', `An access token for Logto's own Management API, ${audience}.`);
  }
  return ofSubject(
    claims,
    'api',
    `An access token of the app ${wordOf(app ?? sub)} for the API ${audience}.`,
  );
}

/** Distinguishes the token of a user from that of an app. They differ only in the subject. */
function ofSubject(claims: DecodedToken['claims'], name: TokenKind['name'], sentence: string): TokenKind {
  const { sub, client_id: app } = claims;
  if (sub === app) return { name, sentence, isForMachines: true, demand: {} };
  const who = `It represents the user ${wordOf(sub)}: the app ${wordOf(app)} obtained it when that user signed in, or by token exchange. The API accepts only machines, unless it sets machineOnly: false.`;
  return { name: 'user', sentence: `${sentence} ${who}`, isForMachines: false, demand: {} };
}

function noAccessToken({ aud, client_id: app, sub }: DecodedToken['claims']): TokenKind {
  const common = { isForMachines: false, demand: {} };
  if (app === undefined && aud !== undefined) {
    const sentence = `An ID token: it tells the app ${[aud].flat().map(wordOf).join(', ')} who the user ${wordOf(sub)} is. No API accepts it; send the access token.`;
    return { ...common, name: 'id-token', sentence };
  }
  return { ...common, name: 'other', sentence: 'A JWT, but not an access token: its typ is not at+jwt.' };
}
