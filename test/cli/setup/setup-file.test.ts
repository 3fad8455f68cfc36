import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultsIn } from '../../../src/cli/setup/schema.js';
import { readSetupFile } from '../../../src/cli/setup/setup-file.js';
import { defineSetup, type SetupDefinition } from '../../../src/index.js';
import { SHOP_FILE, setupFile } from './tenant.js';

const schema = JSON.parse(readFileSync(new URL('../../../setup.schema.json', import.meta.url), 'utf8'));
const shop = JSON.parse(readFileSync(SHOP_FILE, 'utf8')) as Record<string, unknown>;

/** The errors in a file, without its path. */
async function faultsOf(content: unknown, name?: string): Promise<string[]> {
  const file = setupFile(content, name);
  const error = await readSetupFile(file).then(
    () => undefined,
    (reason: Error) => reason,
  );
  return error === undefined ? [] : error.message.replaceAll(file, 'FILE').split('\n');
}

describe('a set-up file', () => {
  it.each<[what: string, content: object, fault: string]>([
    ['a misspelt member', { rolls: [] }, 'rolls: unknown member. Did you mean `roles`?'],
    [
      'a misspelt member further down',
      { apps: [{ name: 'a' }, { name: 'b', rolse: [] }] },
      'apps[1].rolse: unknown member. Did you mean `roles`?',
    ],
    [
      'an unknown member',
      { api: { name: 'A', indicator: 'https://a.api', permissions: {}, ttl: 1, scopes: {} } },
      'api.scopes: unknown member. Known members are name, indicator, permissions and accessTokenTtl.',
    ],
    [
      'a misspelt member of settings',
      { apps: [{ name: 'a', customClientMetadata: { corsAllowedOrigin: [] } }] },
      'apps[0].customClientMetadata.corsAllowedOrigin: unknown member. Did you mean `corsAllowedOrigins`?',
    ],
    ['a missing member', { roles: [{ name: 'r' }] }, 'roles[0]: the member `permissions` is missing.'],
    ['a wrong type', { roles: {} }, 'roles: it must be a list, not an object.'],
    ['null', { apps: null }, 'apps: it must be a list, not null.'],
    ['an empty name', { apps: [{ name: ' ' }] }, 'apps[0].name: it must not be empty.'],
    [
      'a list of permissions',
      { api: [{ name: 'A', indicator: 'https://a.api', permissions: ['a'] }] },
      'api[0].permissions: it must be an object, not a list of 1.',
    ],
    [
      'a fraction',
      { api: { name: 'A', indicator: 'https://a.api', permissions: {}, accessTokenTtl: 1.5 } },
      'api.accessTokenTtl: it must be a whole number, not 1.5.',
    ],
    [
      'a number that is too small',
      { api: { name: 'A', indicator: 'https://a.api', permissions: {}, accessTokenTtl: 0 } },
      'api.accessTokenTtl: it must be at least 1, not 0.',
    ],
    [
      'a permission with a space',
      { organizationPermissions: { 'read all': '' } },
      'organizationPermissions["read all"]: "read all" is not allowed here. The name of a permission: printable ASCII without spaces, double quotes and backslashes (RFC 6749 section 3.3), such as read:products.',
    ],
    [
      'variables in lower case',
      { apps: [{ name: 'a', env: 'logto_app' }] },
      'apps[0].env: "logto_app" is not allowed here. What the variables of the app begin with in the file of --write-env: capitals, digits and underscores. LOGTO_APP gives LOGTO_APP_ID and LOGTO_APP_SECRET. Default: the name in capitals.',
    ],
    [
      'an indicator that is not a URI',
      { api: { name: 'A', indicator: 'shopping', permissions: {} } },
      'api: `indicator` must be an API resource indicator of Logto, an absolute URI without a fragment, such as https://shopping.api, not "shopping".',
    ],
    [
      'an API that is not described',
      {
        ...shop,
        roles: [{ name: 'r', permissions: { 'https://shoping.api': ['a'] } }],
        apps: [],
        organizations: [],
      },
      'roles[0].permissions: the file has no API "https://shoping.api". Did you mean "https://shopping.api"?',
    ],
    [
      'a permission that is not described',
      {
        ...shop,
        roles: [{ name: 'r', permissions: { 'https://shopping.api': ['read:prodcuts'] } }],
        apps: [],
        organizations: [],
      },
      'roles[0].permissions["https://shopping.api"]: the file has no permission "read:prodcuts". Did you mean "read:products"?',
    ],
    [
      'a role that is not described',
      { roles: [{ name: 'reader', permissions: {} }], apps: [{ name: 'a', roles: ['writer-of-all'] }] },
      'apps[0].roles: the file has no role "writer-of-all". It has "reader".',
    ],
    [
      'an organization permission that is not described',
      { organizationRoles: [{ name: 'r', organizationPermissions: ['a'] }] },
      'organizationRoles[0].organizationPermissions: the file has no organization permission "a". The file has none.',
    ],
    [
      'a member that is not described',
      { organizations: [{ name: 'O', members: [{ app: 'a' }] }] },
      'organizations[0].members[0].app: the file has no app "a". The file has none.',
    ],
    [
      'an organization role that is not described',
      { apps: [{ name: 'a' }], organizations: [{ name: 'O', members: [{ app: 'a', roles: ['r'] }] }] },
      'organizations[0].members[0].roles: the file has no organization role "r". The file has none.',
    ],
    [
      'a role with an empty list of permissions',
      { roles: [{ name: 'r', permissions: { 'https://a.api': [] } }] },
      'roles[0].permissions["https://a.api"]: it must not be empty.',
    ],
    [
      'a duplicate name',
      { apps: [{ name: 'a' }, { name: 'a', env: 'B' }] },
      'apps: the name "a" appears more than once.',
    ],
    [
      'two apps with the same variables',
      { apps: [{ name: 'a-b' }, { name: 'a b' }] },
      'apps[1]: its variable A_B_ID is also that of apps[0]. Add the member `env` to it.',
    ],
    [
      'a name without a letter for a variable',
      { organizations: [{ name: '支払い' }] },
      'organizations[0]: no variable can be named after "支払い". Add the member `env` to it.',
    ],
    [
      'an indicator with a comma',
      { api: { name: 'A', indicator: 'https://a.api/x,https://b.api', permissions: {} } },
      'api: the indicator "https://a.api/x,https://b.api" has a comma, which separates values in LOGTO_AUDIENCE.',
    ],
    [
      'a space at the end of a name',
      { apps: [{ name: 'a ' }] },
      'apps[0].name: "a " is not allowed here. A name: no control characters, and no space at its beginning or end.',
    ],
    [
      'half a surrogate pair in a name',
      { apps: [{ name: 'x\ud800', env: 'X' }] },
      'apps[0].name: "x\\ud800" is not allowed here. A name: no control characters, and no space at its beginning or end.',
    ],
    [
      'an organization permission that is too long for Logto',
      { organizationPermissions: { ['a'.repeat(129)]: '' } },
      `organizationPermissions.${'a'.repeat(129)}: it must have at most 128 characters.`,
    ],
    ['no content', {}, 'the file: it describes nothing.'],
  ])('with %s is refused with an error that names the place and the fix', async (_what, content, fault) => {
    expect(await faultsOf(content)).toContain(`FILE: ${fault}`);
  });

  it('has all its errors reported at once', async () => {
    expect(await faultsOf({ apps: [{ nmae: 'a' }, 1], roles: 1 })).toHaveLength(4);
  });

  it.each<[what: string, content: string, name: string, fault: RegExp]>([
    ['is not JSON', '{ "api": ', 'logto.json', /^FILE is not JSON: /],
    ['holds a list', '[]', 'logto.json', /^FILE: the file: it must be an object, not an empty list\.$/],
    [
      'has a Map instead of an object',
      'export default { organizationPermissions: new Map([["a", ""]]) }',
      'a.mjs',
      /it must be an object, not a class instance\.$/,
    ],
    [
      'throws something other than an Error',
      'throw { toString() { throw 1; } }',
      'a.mjs',
      /it threw a value that is not an Error\.$/,
    ],
    ['is a module with a syntax error', 'export default {', 'logto.mjs', /^FILE cannot be loaded: /],
    [
      'is a module that throws',
      'throw new Error("no tenant set")',
      'a.mjs',
      /cannot be loaded: no tenant set$/,
    ],
    [
      'is a module without a default export',
      'export const a = 1',
      'a.mjs',
      /^FILE cannot be loaded: it has no default export\.$/,
    ],
    [
      'is a module that imports a missing one',
      'import "./none.mjs"',
      'a.mjs',
      /^FILE cannot be loaded: Cannot find module/,
    ],
  ])('that %s is refused', async (_what, content, name, fault) => {
    const [first] = await faultsOf(content, name);
    expect(first).toMatch(fault);
  });

  it('can be an ES module, a CommonJS module, or JSON with a byte order mark', async () => {
    const json = JSON.stringify(shop);
    const expected = await readSetupFile(SHOP_FILE);
    expect(expected.apps).toHaveLength(4);
    const files: [string, string][] = [
      [`export default ${json}`, 'logto.mjs'],
      [`module.exports = ${json}`, 'logto.cjs'],
      [`\uFEFF${json}`, 'logto.json'],
    ];
    for (const [content, name] of files)
      expect(await readSetupFile(setupFile(content, name))).toEqual(expected);
  });

  it('can have undefined members in a module', async () => {
    const content = 'export default { apps: [{ name: "a", description: undefined, roles: undefined }] }';
    expect(await faultsOf(content, 'a.mjs')).toEqual([]);
  });
});

describe('the JSON Schema', () => {
  const validate = new Ajv({ strict: true, strictTypes: false, allErrors: true }).compile(schema);

  it('accepts the set-up of the example, and so do the types', () => {
    expect(validate(shop)).toBe(true);
    const typed: SetupDefinition = shop;
    expect(defineSetup(typed)).toBe(shop);
  });

  it('has the same meaning for the command as for ajv', () => {
    const isValid = (value: unknown) => faultsIn(value).length === 0;
    const places = placesIn(shop);
    const junk = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('', ' ', 'a b', 'LOGTO', 0, 1, 1.5, true, null, [], {}, ['a'], [{ name: 'a' }]),
    );
    const name = fc.constantFrom('name', 'roles', 'env', 'permissions', 'x', '__proto__', 'read:a', 'read a');
    fc.assert(
      fc.property(fc.constantFrom(...places), junk, name, fc.boolean(), (place, value, member, isMember) => {
        const changed = structuredClone(shop);
        const [holder, key] = holderOf(changed, isMember ? [...place, member] : place);
        if (typeof holder === 'object' && holder !== null) {
          Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
        }
        // ajv accepts a name of white space alone.
        fc.pre(!JSON.stringify(changed).includes('" "'));
        expect([isValid(changed), JSON.stringify(changed)]).toEqual([
          validate(changed),
          JSON.stringify(changed),
        ]);
      }),
      { numRuns: 3_000 },
    );
  });
});

type Place = readonly (string | number)[];

/** The places of all members and items. */
function placesIn(value: unknown, place: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [place];
  const inner = Object.entries(value).flatMap(([name, member]) => placesIn(member, [...place, name]));
  return place.length === 0 ? inner : [place, ...inner];
}

function holderOf(value: unknown, place: Place): [holder: unknown, key: string | number] {
  const [key = '', ...rest] = place;
  if (rest.length === 0) return [value, key];
  return holderOf((value as Record<string, unknown>)[key], rest);
}
