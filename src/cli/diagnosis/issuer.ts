import { checkEndpoint } from '../../options/uris.js';
import { withoutTrailing } from '../../util/addresses.js';
import { assignment } from '../words.js';
import { type Finding, ok, problem } from './finding.js';

/** Checks that the issuer is exactly the one that an API with this endpoint expects. */
export function checkIssuer(endpoint: string, issuer: string): Finding {
  const expected = `${endpoint}/oidc`;
  if (issuer === expected) return ok('issuer', issuer);
  const message = `Logto at ${endpoint} has the issuer ${issuer}, but an API with this endpoint expects ${expected}: ${difference(expected, issuer)}.`;
  return problem('issuer', message, fixFor(endpoint, issuer));
}

/** Returns the endpoint that an API needs for tokens of this issuer; undefined if there is none. */
export function endpointFor(issuer: string): string | undefined {
  const base = /^(https?:\/\/.+)\/oidc$/.exec(issuer)?.[1];
  try {
    return base !== undefined && checkEndpoint('logto-m2m', 'endpoint', base, true) === base
      ? base
      : undefined;
  } catch {
    return undefined;
  }
}

function isAddress(issuer: string): boolean {
  return /^https?:\/\/[^\s'"`\\]+$/.test(issuer) && URL.canParse(issuer);
}

function difference(expected: string, issuer: string): string {
  if (withoutTrailing(issuer, '/') === expected) return 'the issuer has a trailing slash';
  if (!isAddress(issuer)) return 'the issuer is not a valid address';
  const [ours, theirs] = [new URL(expected), new URL(issuer)];
  if (ours.hostname !== theirs.hostname)
    return 'the hosts differ: one may be an internal address, or a custom domain';
  if (ours.port !== theirs.port) return `port ${portOf(ours)} instead of ${portOf(theirs)}`;
  if (ours.protocol !== theirs.protocol)
    return `${ours.protocol.slice(0, -1)} instead of ${theirs.protocol.slice(0, -1)}`;
  return 'another path';
}

function portOf({ port, protocol }: URL): string {
  return port || (protocol === 'https:' ? '443' : '80');
}

function fixFor(endpoint: string, issuer: string): string {
  if (!isAddress(issuer))
    return 'No API can trust that issuer: correct the variable ENDPOINT of Logto itself.';
  const pinned = `issuers: [{ issuer: '${issuer}', jwksUri: '${endpoint}/oidc/jwks' }]`;
  const base = endpointFor(issuer);
  if (base === undefined) return `Pass ${pinned} to createLogtoAuth, instead of the endpoint.`;
  return `Set ${assignment('LOGTO_ENDPOINT', base)}; or, if that address cannot be reached from here, pass ${pinned} to createLogtoAuth. If ${base} is wrong, correct the variable ENDPOINT of Logto itself.`;
}
