import {
  type AccessTokenAnswer,
  createM2MClient,
  M2MClientError,
  type M2MClientOptions,
} from '../../client/index.js';
import { explain } from '../../client/refusals.js';
import { own } from '../../util/own.js';
import type { AppCredentials } from '../settings.js';
import { assignment, fromNow, wordOf } from '../words.js';
import { decodeToken, Undecodable } from './decoded-token.js';
import { type Finding, OR_BY_SETUP, ok, problem } from './finding.js';

/** The token to request from Logto. */
export interface Wanted {
  readonly endpoint: string;
  readonly app: AppCredentials;
  readonly resource: string | undefined;
  readonly organization: string | undefined;
  readonly scopes: readonly string[];
  readonly allowInsecure: boolean;
}

/** The result: the finding, and the token if Logto issued one. */
export interface Grant {
  readonly finding: Finding;
  readonly response: AccessTokenAnswer | undefined;
}

/** Requests a token from Logto, as the app does. */
export async function requestToken(wanted: Wanted): Promise<Grant> {
  try {
    const response = await tokenFor(wanted);
    return { finding: ok('token', description(response)), response };
  } catch (error) {
    if (!(error instanceof M2MClientError)) throw error;
    const { message } = error;
    const advice = fixFor(error, wanted);
    const cause = message.endsWith(advice) ? message.slice(0, -advice.length).trimEnd() : message;
    const lacksApi = error.code === 'invalid_target';
    const lacksMembership = error.code === 'access_denied' && own(error, 'status') === 403;
    const fix =
      (lacksApi && (await fixForSlash(wanted))) ||
      (lacksApi || lacksMembership ? `${advice} ${OR_BY_SETUP}` : advice);
    return { finding: problem('token', cause, fix), response: undefined };
  }
}

/** Returns the fix at the end of the error's message. The rest is the cause. */
function fixFor(error: M2MClientError, { endpoint, app, resource, organization }: Wanted): string {
  const { code } = error;
  const [status = 0, description] = [own(error, 'status'), own(error, 'description')];
  const request = { endpoint, appId: app.id, appSecret: app.secret, resource, organizationId: organization };
  return (
    explain({ status, code, description }, request)?.fix ?? own(error, 'hint') ?? 'See the log of Logto.'
  );
}

/** @throws M2MClientError (the promise rejects) if Logto issues no token */
export async function tokenFor({
  endpoint,
  app,
  resource,
  organization,
  scopes,
  allowInsecure,
}: Wanted): Promise<AccessTokenAnswer> {
  const options: object = {
    endpoint,
    appId: app.id,
    appSecret: app.secret,
    resource,
    organizationId: organization,
    scopes,
    allowInsecureRequests: allowInsecure,
  };
  // The type requires `resource` or `organizationId`. The client throws if both are missing.
  return createM2MClient(options as M2MClientOptions).getAccessToken();
}

/** Requests the resource with or without a trailing slash: the most common mistake, since Logto compares exactly. */
async function fixForSlash(wanted: Wanted): Promise<string | undefined> {
  const { resource } = wanted;
  if (resource === undefined) return undefined;
  const [other, word] = resource.endsWith('/')
    ? [resource.slice(0, -1), 'without']
    : [`${resource}/`, 'with'];
  try {
    await tokenFor({ ...wanted, resource: other, scopes: [] });
    return `Logto knows ${other}, ${word} the trailing slash: set ${assignment('LOGTO_AUDIENCE', other)}, also for the API.`;
  } catch {
    return undefined;
  }
}

function description({ token, expiresAt }: AccessTokenAnswer): string {
  const decoded = decodeToken(token);
  if (decoded instanceof Undecodable) return `Logto issued a token. ${decoded.why}`;
  const { header, claims } = decoded;
  return `Logto issued a token that expires ${fromNow(expiresAt)}: alg ${wordOf(header['alg'])}, typ ${wordOf(header['typ'])}, iss ${wordOf(claims['iss'])}, aud ${wordOf(claims['aud'])}`;
}
