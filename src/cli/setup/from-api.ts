import { show } from '../../options/option-error.js';
import { cut } from '../../util/printable.js';
import { closestScope } from '../../util/spelling.js';
import { getJson, type JsonResponse } from '../diagnosis/get.js';
import { Unreachable } from '../diagnosis/unreachable.js';
import { joinWords } from '../words.js';
import type { Setup } from './setup.js';
import { SetupError } from './setup-error.js';
import { type Step, seen } from './steps.js';

/** The well-known path of RFC 9728 section 3. */
const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/**
 * Compares the file with the metadata document of a running API (RFC 9728).
 *
 * @param endpoints - base URLs of Logto, one of which the API must trust; empty if none is known
 * @throws SetupError if there is no such document
 */
export async function compareWithApi(
  address: URL,
  setup: Setup,
  endpoints: readonly string[],
): Promise<readonly Step[]> {
  const { resource, scopes, issuers } = await readDocument(documentOf(address));
  const api = setup.apis.find(({ indicator }) => indicator === resource);
  if (api === undefined) return [seen('lacks', `API resource ${cut(resource)}: ${adviceOn(setup)}`)];
  const described = api.permissions.map(({ name }) => name);
  const known = endpoints.map((endpoint) => `${endpoint}/oidc`);
  const text = `API resource ${resource}`;
  return [
    seen('there', text),
    ...(known.length === 0 || known.some((issuer) => issuers.includes(issuer))
      ? []
      : [seen('differs', `${text}: the API trusts ${joinWords(issuers)}, not ${joinWords(known)}`)]),
    ...(scopes.length === 0 ? [seen('beside', `${text}: its document names no permissions`)] : []),
    ...scopes.map((scope) => {
      const its = `permission ${cut(scope)} of ${resource}`;
      if (described.includes(scope)) return seen('there', its);
      const meant = closestScope(scope, described);
      const guess = meant === undefined ? '' : `: the file has ${meant}`;
      return seen('lacks', `${its}${guess}`);
    }),
    ...described
      .filter((name) => scopes.length > 0 && !scopes.includes(name))
      .map((name) =>
        seen('beside', `permission ${name} of ${resource}: the API's document does not name it`),
      ),
  ];
}

/** Returns the address of the document: the path of an API follows the well-known path (RFC 9728 section 3.1). */
function documentOf({ href, origin, pathname, search }: URL): string {
  if (pathname === WELL_KNOWN || pathname.startsWith(`${WELL_KNOWN}/`)) return href;
  return `${origin}${WELL_KNOWN}${pathname.replace(/\/$/, '')}${search}`;
}

interface Document {
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly issuers: readonly string[];
}

async function readDocument(url: string): Promise<Document> {
  const response = await getJson(url);
  if (response instanceof Unreachable) throw new SetupError(`${response.why}.`, response.fix);
  const resource = response.status === 200 ? response.body?.['resource'] : undefined;
  if (typeof resource !== 'string') throw noDocument(url, response);
  return {
    resource,
    scopes: listIn(url, response, 'scopes_supported'),
    issuers: listIn(url, response, 'authorization_servers'),
  };
}

function noDocument(url: string, { status }: JsonResponse): SetupError {
  return new SetupError(
    `${url} responds with status ${status}, and has no metadata document (RFC 9728).`,
    'In the API, mount resourceMetadata() there; or pass the address of the document itself to --from-api.',
  );
}

/** Returns a list of unique strings; empty if the document has none. @throws SetupError if it is not such a list */
function listIn(url: string, { body }: JsonResponse, member: string): string[] {
  const value = body?.[member] ?? [];
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return [...new Set(value)];
  throw new SetupError(
    `In the metadata document at ${url}, ${member} is not a list of strings (RFC 9728 section 2).`,
  );
}

function adviceOn({ apis }: Setup): string {
  const known = apis.map(({ indicator }) => indicator);
  if (known.length === 0) return 'the file describes no API';
  return `the file describes ${joinWords(known.map(show))}, and indicators are compared character by character`;
}
