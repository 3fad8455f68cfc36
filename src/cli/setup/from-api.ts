import { meantBy } from '../../checks/spelling.js';
import { show } from '../../checks/values.js';
import { askForJson, type JsonAnswer } from '../checks/ask.js';
import { Unreachable } from '../checks/unreachable.js';
import { inARow } from '../words.js';
import type { Setup } from './setup.js';
import { SetupError } from './setup-error.js';
import { type Step, seen } from './steps.js';

/** The well-known path of RFC 9728 section 3. */
const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/**
 * Compares the file with what a running API says of itself: its metadata document (RFC 9728).
 *
 * @param endpoint - base URL of Logto; undefined where it is not known
 * @throws SetupError where there is no such document
 */
export async function compareWithApi(
  address: URL,
  setup: Setup,
  endpoint: string | undefined,
): Promise<readonly Step[]> {
  const { resource, scopes, issuers } = await readDocument(documentOf(address));
  const api = setup.apis.find(({ indicator }) => indicator === resource);
  if (api === undefined) return [seen('lacks', `API resource ${resource}: ${adviceOn(setup)}`)];
  const described = api.permissions.map(({ name }) => name);
  const trusted = endpoint === undefined ? undefined : `${endpoint}/oidc`;
  return [
    seen('there', `API resource ${resource}`),
    ...(trusted === undefined || issuers.includes(trusted)
      ? []
      : [seen('differs', `API resource ${resource}: the API trusts ${inARow(issuers)}, not ${trusted}`)]),
    ...scopes.map((scope) => {
      const text = `permission ${scope} of ${resource}`;
      if (described.includes(scope)) return seen('there', text);
      const meant = meantBy(scope, described);
      const guess = meant === undefined ? '' : `: the file has ${meant}`;
      return seen('lacks', `${text}${guess}`);
    }),
    ...described
      .filter((name) => !scopes.includes(name))
      .map((name) => seen('beside', `permission ${name} of ${resource}: the API does not ask for it`)),
  ];
}

/** The path of an API comes after the well-known one (RFC 9728 section 3.1). */
function documentOf({ href, origin, pathname }: URL): string {
  if (pathname.startsWith(WELL_KNOWN)) return href;
  return `${origin}${WELL_KNOWN}${pathname.replace(/\/$/, '')}`;
}

interface Document {
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly issuers: readonly string[];
}

async function readDocument(url: string): Promise<Document> {
  const answer = await askForJson(url);
  if (answer instanceof Unreachable) throw new SetupError(`${answer.why}.`, answer.fix);
  const resource = answer.status === 200 ? answer.body?.['resource'] : undefined;
  if (typeof resource !== 'string') throw noDocument(url, answer);
  return {
    resource,
    scopes: textsIn(answer.body?.['scopes_supported']),
    issuers: textsIn(answer.body?.['authorization_servers']),
  };
}

function noDocument(url: string, { status }: JsonAnswer): SetupError {
  return new SetupError(
    `${url} answers with status ${status}, and has no metadata document (RFC 9728).`,
    'In the API, mount resourceMetadata() there; or pass the address of the document itself to --from-api.',
  );
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function adviceOn({ apis }: Setup): string {
  const known = apis.map(({ indicator }) => indicator);
  if (known.length === 0) return 'the file describes no API';
  return `the file describes ${inARow(known.map(show))}, and indicators are compared character by character`;
}
