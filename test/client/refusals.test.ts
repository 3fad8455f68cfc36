import { describe, expect, it } from 'vitest';
import type { M2MClientOptions, ScopesMissingMessage } from '../../src/client/index.js';
import { explain, REFUSALS } from '../../src/client/refusals.js';
import { failureOf, grant, heard, scripted } from '../support/client.js';
import { LOGTO_REFUSALS, type LogtoRefusal, refusalThatSays } from '../support/logto-refusals.js';

async function errorFor({ status, ...body }: LogtoRefusal, options: Partial<M2MClientOptions> = {}) {
  const { client, requests } = scripted(() => Response.json(body, { status }), options);
  const error = await failureOf(client.getAccessToken());
  expect(requests()).toBe(1);
  expect(error).toMatchObject({ status, code: body.error });
  return error;
}

const inOrganization = { organizationId: 'org' };
const ofOrganization = { organizationId: 'org', resource: undefined };
const NOT_M2M =
  /^App app is not a machine-to-machine app\. Create a machine-to-machine app .*cannot be changed\.$/;
const CHANGED = 'Something between here and https://tenant\\.logto\\.app changed the request';

/** The error descriptions of Logto, and the hint for each. */
const CASES: readonly [says: string, options: Partial<M2MClientOptions>, hint: RegExp][] = [
  [
    'client authentication failed',
    {},
    /^The secret is not that of app app, or this app is not a machine-to-machine app\. Copy the secret again .*the type of an app cannot be changed\.$/,
  ],
  [
    'invalid client nosuchclient',
    {},
    /^Logto at \S+ has no app app: it was deleted, .*\(port 3002 by default\)/,
  ],
  ['requested grant type is not allowed for this client', {}, NOT_M2M],
  ['redirect_uris must contain members', {}, NOT_M2M],
  ['client secret has expired', {}, /^The secret of app app has expired\. Create a new secret on the page/],
  [
    'app has not associated with the organization',
    inOrganization,
    /^App app is not in the organization org, or there is no such organization\. Add the app/,
  ],
  [
    'No tokens on Sundays.',
    {},
    /^A custom-claims script of the tenant refused the token request: No tokens on Sundays\. Read .*Custom JWT/,
  ],
  [
    'No tokens on Sundays.',
    inOrganization,
    /^A custom-claims script of the tenant refused the token request: No tokens on Sundays\. Read/,
  ],
  [
    'resource indicator is missing, or unknown',
    {},
    /^Logto at \S+ has no API resource with the identifier https:\/\/shopping\.api\. Compare .*character\.$/,
  ],
  [
    'resource indicator is missing, or unknown',
    { resource: 'https://shopping.api/' },
    /character by character\. Does the identifier there end with a slash, too\?$/,
  ],
  [
    'both `resource` and `organization_id` are not provided',
    {},
    new RegExp(`^Logto received no \`resource\`, although it was sent\\. ${CHANGED}`),
  ],
  [
    'both `resource` and `organization_id` are not provided',
    inOrganization,
    /^Logto received no `resource` and no `organization_id`, although/,
  ],
  [
    'both `resource` and `organization_id` are not provided',
    ofOrganization,
    /^Logto received no `organization_id`, although/,
  ],
  [
    'only a single resource indicator value is supported for this grant type',
    {},
    /a different `resource` from/,
  ],
  ['resource indicator must be an absolute URI', {}, /a different `resource` from/],
  ['resource indicator must not contain a fragment component', {}, /a different `resource` from/],
  ["missing required parameter 'grant_type'", {}, /received no `grant_type`/],
  ['unsupported grant_type requested', {}, /a different `grant_type` from/],
  ['no client authentication mechanism provided', {}, /received no Authorization header/],
  ['invalid authorization header value format', {}, /different credentials from/],
  ['client_secret must be provided in the Authorization header', {}, /different credentials from/],
  ['client authentication must only be provided using one mechanism', {}, /different credentials from/],
  [
    'client_id and client_secret in the authorization header are not properly encoded',
    {},
    /a line break, or with a character that is not ASCII, although none was sent/,
  ],
  ["'organization_id' parameter must not be provided twice", {}, /received a parameter twice/],
  ["'scope' parameter must not be provided twice", {}, /received a parameter twice/],
  ['unrecognized route or not allowed method (GET on /token)', {}, /a method other than POST/],
  [
    'origin https://app.example not allowed for client: ST',
    {},
    /^The request has an Origin header, .*Request tokens on a server/,
  ],
];

describe('the hint for a refusal by Logto', () => {
  it.each(CASES)('explains "%s" %j', async (says, options, hint) => {
    const error = await errorFor(refusalThatSays(says), options);
    expect(error?.hint).toMatch(hint);
    expect(error?.message).toBe(`Logto issued no token: ${says} (${error?.code}). ${error?.hint}`);
  });

  it.each([
    [
      'This app is not associated with the organization plan',
      'This app is not associated with the organization plan.',
    ],
    ['Who are you?', 'Who are you?'],
  ])('explains a refusal by a script with any message: %s', async (says, shown) => {
    const refusal = { status: 400, error: 'access_denied', error_description: says };
    const error = await errorFor(refusal, inOrganization);
    expect(error?.hint).toContain(
      `A custom-claims script of the tenant refused the token request: ${shown} Read the script`,
    );
  });

  it('is tested for every known refusal', () => {
    const cases = CASES.map(([says]) => says);
    const left = LOGTO_REFUSALS.map((one) => one.error_description).filter(
      (says) => !cases.includes(says) && !says.startsWith('invalid client '),
    );
    expect(left).toEqual([]);
  });

  it('comes from a table without unused rows', () => {
    const request = { endpoint: '', appId: '', appSecret: '', resource: 'r', organizationId: 'o' };
    const causes = LOGTO_REFUSALS.map(({ status, error, error_description }) => {
      const explanation = explain({ status, code: error, description: error_description }, request);
      return explanation?.cause;
    });
    for (const row of REFUSALS) {
      const description = row.status === 400 ? 'No tokens on Sundays.' : undefined;
      expect(causes).toContain(row.cause(request, description));
    }
  });

  it.each<[what: string, refusal: LogtoRefusal, options: Partial<M2MClientOptions>]>([
    ['with an unknown error code', { status: 400, error: 'invalid_scope', error_description: 'no' }, {}],
    [
      'about a resource that was not requested',
      refusalThatSays('resource indicator is missing, or unknown'),
      ofOrganization,
    ],
    [
      'about an organization that was not requested',
      refusalThatSays('app has not associated with the organization'),
      {},
    ],
  ])('is missing for one %s', async (_what, refusal, options) => {
    expect((await errorFor(refusal, options))?.hint).toBeUndefined();
  });

  it.each([
    ['appSecret', ' copied'],
    ['appSecret', '"copied"'],
    ['appId', "'copied'"],
  ])('mentions the quotation mark or space if %s is %j', async (option, value) => {
    for (const says of ['client authentication failed', 'invalid client nosuchclient']) {
      const error = await errorFor(refusalThatSays(says), { [option]: value });
      expect(error?.hint).toContain(
        `\`${option}\` begins or ends with a quotation mark or a space: remove it.`,
      );
      expect(error?.hint?.includes('copied')).toBe(option === 'appId');
    }
  });
});

describe('the hint for a failure of Logto', () => {
  it.each<[status: number, hint: RegExp]>([
    [500, /a proxy in front of it, fails: see its log, and check that Logto reaches its database/],
    [503, /fails: see its log/],
    [429, /limits the rate of requests/],
  ])('says where to look after the status %d', async (status, hint) => {
    const { client } = scripted(() => new Response('', { status }), { timeout: 0.2 });
    expect(await failureOf(client.getAccessToken())).toMatchObject({
      code: 'unavailable',
      status,
      hint: expect.stringMatching(hint),
    });
  });
});

describe('the hint for a scope that was not granted', () => {
  it.each<[what: string, options: Partial<M2MClientOptions>, hint: RegExp]>([
    [
      'by an M2M role',
      {},
      /^No role of app app grants a, b: assign it a machine-to-machine role .*API resources > https:\/\/shopping\.api > Permissions\.$/,
    ],
    [
      'inside an organization',
      inOrganization,
      /^No role of app app in the organization org grants a, b: give it an organization role .*API resources >/,
    ],
    [
      "in an organization's own token",
      ofOrganization,
      /in the organization org grants a, b: give it .*Organization template > Organization permissions\.$/,
    ],
  ])('says how to grant it %s', async (_what, options, hint) => {
    const { client } = scripted(() => grant({ scope: 'c' }), { ...options, scopes: ['a', 'b', 'c'] });
    const [message] = await heard<ScopesMissingMessage>('express-logto-m2m:scopes-missing', () =>
      client.getAccessToken(),
    );
    expect(message?.error).toMatchObject({ missingScopes: ['a', 'b'], hint: expect.stringMatching(hint) });
  });
});
