import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { M2MClientOptions, ScopesMissingMessage } from '../../src/client/index.js';
import { failureOf, grant, heard, scripted } from '../support/client.js';

/** What a real Logto answered. */
const recorded: Record<string, { status: number; body: object }> = JSON.parse(
  readFileSync(new URL('../fixtures/logto/token-errors.json', import.meta.url), 'utf8'),
);

type Answer = readonly [status: number, body: object];
const ofLogto = (name: string): Answer => {
  const { status, body } = recorded[name] as { status: number; body: object };
  return [status, body];
};

async function hintOf([status, body]: Answer, options: Partial<M2MClientOptions> = {}) {
  const { client, requests } = scripted(() => Response.json(body, { status }), options);
  const error = await failureOf(client.getAccessToken());
  expect(requests()).toBe(1);
  return error?.hint;
}

const inOrganization = { organizationId: 'org' };
const ofOrganization = { organizationId: 'org', resource: undefined };
const SECRET = /^The secret is not that of app/;

describe('what to do in Logto about', () => {
  it.each<[what: string, answer: Answer, options: Partial<M2MClientOptions>, hint: RegExp | undefined]>([
    [
      'a wrong secret',
      ofLogto('wrong-secret'),
      {},
      /^The secret is not that of app app: copy it anew [^`]*$/,
    ],
    ['an unknown app', ofLogto('unknown-client'), {}, /has no app app: it was deleted/],
    [
      'an unknown resource',
      ofLogto('unknown-resource'),
      {},
      /no API resource with the identifier https:\/\/shop/,
    ],
    [
      'a slash',
      ofLogto('resource-trailing-slash'),
      { resource: 'https://shopping.api/' },
      /a slash at its end/,
    ],
    [
      'an organization',
      ofLogto('organization-unknown'),
      inOrganization,
      /organization org, or there is no such/,
    ],
    ['being denied otherwise', [403, { error: 'access_denied' }], {}, undefined],
    [
      'an expired secret',
      [400, { error: 'invalid_request', error_description: 'client secret has expired' }],
      {},
      /^Make a new secret on the page of app app/,
    ],
    ['another invalid request', ofLogto('missing-grant-type'), {}, undefined],
    [
      'an app of another type',
      [400, { error: 'unauthorized_client' }],
      {},
      /must be of the type machine-to-machine/,
    ],
    [
      'a grant it may not use',
      ofLogto('unsupported-grant-type'),
      {},
      /must be of the type machine-to-machine/,
    ],
    [
      'a lost resource',
      ofLogto('no-resource'),
      {},
      /^Logto got no `resource`, though it was sent: look at what is between/,
    ],
    [
      'lost parameters',
      ofLogto('no-resource'),
      inOrganization,
      /^Logto got no `resource` and no `organization_id`/,
    ],
    [
      'a lost organization',
      ofLogto('no-resource'),
      ofOrganization,
      /^Logto got no `organization_id`, though/,
    ],
    ['a target that was not asked for', ofLogto('unknown-resource'), ofOrganization, undefined],
    ['what nobody knows', [400, { error: 'invalid_scope' }], {}, undefined],
  ])('%s', async (_what, answer, options, hint) => {
    const given = await hintOf(answer, options);
    if (hint === undefined) expect(given).toBeUndefined();
    else expect(given).toMatch(hint);
  });

  it.each([
    ['appSecret', 'copied\n'],
    ['appSecret', ' copied'],
    ['appSecret', '"copied"'],
    ['appId', "'copied'"],
    ['appId', 'copied\r'],
  ])('an %s that is %j', async (option, value) => {
    const hint = await hintOf(ofLogto('wrong-secret'), { [option]: value });
    expect(hint).toMatch(SECRET);
    expect(hint).toContain(`\`${option}\` begins or ends with a quotation mark, a space or a line break`);
    expect(hint?.includes('copied')).toBe(option === 'appId');
  });
});

describe('what to do about a scope that was not granted', () => {
  it.each<[what: string, options: Partial<M2MClientOptions>, hint: RegExp]>([
    [
      'by an M2M role',
      {},
      /No role of app app grants `a`, `b`: assign an M2M role .* https:\/\/shopping\.api knows/,
    ],
    [
      'inside an organization',
      inOrganization,
      /in the organization org grants `a`, `b`: assign an organization role/,
    ],
    [
      'by an organization',
      ofOrganization,
      /in the organization org grants `a`, `b`: assign an organization role/,
    ],
  ])('%s', async (_what, options, hint) => {
    const { client } = scripted(() => grant({ scope: 'c' }), { ...options, scopes: ['a', 'b', 'c'] });
    const [message] = await heard<ScopesMissingMessage>('express-logto-m2m:scopes-missing', () =>
      client.getAccessToken(),
    );
    expect(message?.error).toMatchObject({ missingScopes: ['a', 'b'], hint: expect.stringMatching(hint) });
  });
});
