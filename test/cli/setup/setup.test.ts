import { describe, expect, it } from 'vitest';
import { shopDirectory } from '../../local-issuer/directory.js';
import type { StandInLogto } from '../../support/management-api/stand-in-logto.js';
import type { State } from '../../support/management-api/state.js';
import { openTenant, runSetup, SHOP, setupFile, shapeOf } from './tenant.js';

/** What each app may do at the shop's API, outside of organizations and in the Corner Shop. */
function grantsIn({ applications, organizations }: StandInLogto['directory']) {
  const cornerShop = organizations.find(({ name }) => name === 'Corner Shop')?.id ?? 'none';
  const names = shopDirectory().applications.map(({ name }) => name);
  return applications
    .filter(({ name }) => names.includes(name))
    .map(({ name, grants, organizations: its }) => ({
      name,
      grants: [...(grants[SHOP] ?? [])].sort(),
      permissions: its[cornerShop]?.permissions,
      inside: its[cornerShop]?.grants[SHOP]?.toSorted(),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const NOTHING_MADE = /^(?!\+)/;

describe('logto-m2m setup', () => {
  it('creates everything of the example on an empty tenant, with the same grants for its apps', async () => {
    const logto = await openTenant();
    const { code, stdout, stderr } = await runSetup(logto);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('+ API resource https://shopping.api\n');
    expect(stdout).toContain('\n18 objects were created.\n');
    const asInTheExample = grantsIn(shopDirectory());
    expect(asInTheExample).toHaveLength(4);
    expect(grantsIn(logto.directory)).toEqual(asInTheExample);
  });

  it('changes nothing in a second run, and says so', async () => {
    const logto = await openTenant();
    await runSetup(logto);
    const state = structuredClone(logto.state);
    const { code, stdout } = await runSetup(logto);
    expect(code).toBe(0);
    expect(stdout).toContain('\nNothing to do.\n');
    for (const line of stdout.split('\n')) expect(line).toMatch(NOTHING_MADE);
    expect(logto.state).toEqual(state);
  });

  it('restores each single thing that was removed', async () => {
    const logto = await openTenant();
    await runSetup(logto);
    const whole = shapeOf(logto);
    const removals = removalsFrom(logto.state);
    expect(removals.length).toBeGreaterThan(25);
    for (const remove of removals) {
      logto.change(remove);
      const { code, stdout } = await runSetup(logto);
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\+ /m) });
      expect(shapeOf(logto)).toEqual(whole);
    }
  });

  it('completes a run in which the response to any change was lost', async () => {
    const whole = await openTenant();
    await runSetup(whole);

    const logto = await openTenant();
    const codes: (number | null)[] = [];
    do {
      logto.changesUntilBreak = 0;
      const { code, stderr } = await runSetup(logto);
      codes.push(code);
      if (code !== 0) {
        expect(stderr).toMatch(
          /^Logto did not respond to POST .* Run this again: it continues where it stopped\.\n$/,
        );
      }
    } while (codes.at(-1) !== 0 && codes.length < 40);
    expect(codes.length).toBe(19);
    expect(codes.at(-1)).toBe(0);
    expect(shapeOf(logto)).toEqual(shapeOf(whole));
  });

  it('creates what a tenant in use lacks, and leaves the rest unchanged', async () => {
    const logto = await openTenant({ recorded: true });
    const before = structuredClone(logto.state);
    const { code, stdout } = await runSetup(logto);
    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining([
        '= API resource https://shopping.api',
        '+ permission read:orders of https://shopping.api',
        '= role shop-reader',
        '+ permission read:orders in role shop-reader',
        '= app statistics-service',
        '+ app partner-service',
        '+ organization Corner Shop',
        '+ app partner-service in organization Corner Shop',
        '! role shop-reader: description is "shop-reader" in Logto, and "Reads the shop\'s products and orders" in the file',
      ]),
    );
    expect(stdout).toMatch(
      /\n\d+ values differ \(!\) and were not changed: change them in the Logto Console/,
    );
    expect(grantsIn(logto.directory)).toEqual(grantsIn(shopDirectory()));
    // Everything that existed before is unchanged.
    for (const [table, entries] of Object.entries(before)) {
      expect(logto.state[table as keyof State]).toEqual(expect.arrayContaining(entries));
    }
    const again = await runSetup(logto);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('\nNothing to do.\n') });
  });

  it('finds entries on later pages', async () => {
    const logto = await openTenant();
    await runSetup(logto);
    for (let number = 1; number <= 205; number += 1) {
      logto.addApp(`app ${number}`);
      logto.addOrganization(`Organization ${number}`);
    }
    const { stdout } = await runSetup(logto);
    expect(stdout).toContain('\nNothing to do.\n');
    expect(logto.requests.filter((one) => one.includes('/api/applications?page=3'))).toHaveLength(1);
  });

  it('reads a list again if it changes meanwhile', async () => {
    const logto = await openTenant();
    await runSetup(logto);
    for (let number = 1; number <= 100; number += 1) logto.addApp(`app ${number}`);
    const state = structuredClone(logto.state);
    // An app on the second page moves to the first when another app is deleted meanwhile.
    let deletions = 1;
    logto.intercept = ({ method, path, query }) => {
      if (method !== 'GET' || path !== '/api/applications' || query['page'] !== '2' || deletions-- <= 0)
        return;
      logto.change(() => logto.state.applications.pop());
    };
    const { code, stdout } = await runSetup(logto);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('\nNothing to do.\n') });
    expect(logto.state.applications).toHaveLength(state.applications.length - 1);

    deletions = Number.POSITIVE_INFINITY;
    for (let number = 1; number <= 100; number += 1) logto.addApp(`other ${number}`);
    expect(await runSetup(logto)).toMatchObject({
      code: 1,
      stderr: `The list /api/applications of ${logto.endpoint} changes while it is read. Run this again: it continues where it stopped.\n`,
    });
  });

  it('distinguishes the organization "role admin" from the organization role "admin"', async () => {
    const logto = await openTenant();
    const file = setupFile({
      apps: [{ name: 'a' }],
      organizationRoles: [{ name: 'admin' }],
      organizations: [{ name: 'role admin', members: [{ app: 'a', roles: ['admin'] }] }],
    });
    const { code, stdout } = await runSetup(logto, [], { file });
    expect(code).toBe(0);
    expect(stdout).toContain(`ROLE_ADMIN_ID=${logto.state.organizations[0]?.id}\n`);
  });

  it('requests only the kinds of things that the file describes', async () => {
    const logto = await openTenant();
    const file = setupFile({ apps: [{ name: 'a' }] });
    expect((await runSetup(logto, [], { file })).stdout).toContain('+ app a\n');
    expect(logto.requests.map((one) => one.replace(/\?.*/, ''))).toEqual([
      'GET /api/applications',
      'POST /api/applications',
    ]);
  });

  it('creates what a file with every member describes, and finds it unchanged in a second run', async () => {
    const logto = await openTenant();
    const file = setupFile({
      api: [
        { name: 'Shop', indicator: 'https://shop.api', permissions: { 'read:a': '' }, accessTokenTtl: 600 },
        { name: 'Bank', indicator: 'https://bank.api', permissions: { 'read:a': 'Read', b: '' } },
      ],
      roles: [
        {
          name: 'both',
          permissions: { 'https://shop.api': ['read:a'], 'https://bank.api': ['b', 'read:a'] },
        },
        { name: 'none', description: 'Gives nothing', permissions: {} },
      ],
      apps: [
        {
          name: 'page',
          roles: ['both', 'none'],
          customClientMetadata: { corsAllowedOrigins: ['http://127.0.0.1:3200'] },
        },
      ],
      organizationPermissions: { 'read:reports': '' },
      organizationRoles: [
        { name: 'partner', organizationPermissions: ['read:reports'] },
        { name: 'guest', permissions: { 'https://shop.api': ['read:a'] } },
      ],
      organizations: [
        { name: 'One', description: 'The first', members: [{ app: 'page', roles: ['partner', 'guest'] }] },
        { name: 'Two', members: [{ app: 'page' }] },
      ],
    });
    const { code, stdout: made, stderr } = await runSetup(logto, [], { file });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(made.split('\n')).toEqual(
      expect.arrayContaining([
        '+ role both with read:a of https://shop.api, b of https://bank.api and read:a of https://bank.api',
        '+ role none',
        '+ organization role partner with read:reports',
      ]),
    );
    const page = logto.app('page');
    expect(page.grants).toEqual({ 'https://shop.api': ['read:a'], 'https://bank.api': ['read:a', 'b'] });
    const resources = logto.directory.resources.map((one) => [one.indicator, one.accessTokenTtl]);
    expect(resources.slice(1)).toEqual([
      ['https://shop.api', 600],
      ['https://bank.api', 3600],
    ]);
    const { stdout } = await runSetup(logto, [], { file });
    expect(stdout).toContain('\nNothing to do.\n');
    expect(stdout).not.toMatch(/^!/m);
  });

  it.each<[what: string, change: (state: State) => void, line: string]>([
    [
      'accessTokenTtl',
      ({ resources }) => Object.assign(resources.at(-1) ?? {}, { accessTokenTtl: 60 }),
      '! API resource https://a.api: accessTokenTtl is 60 in Logto, and 600 in the file',
    ],
    [
      'the description of a permission',
      ({ scopes }) => Object.assign(scopes.at(-1) ?? {}, { description: 'Other' }),
      '! permission a of https://a.api: description is "Other" in Logto, and "A" in the file',
    ],
    [
      'customClientMetadata',
      ({ applications }) => Object.assign(applications.at(-1) ?? {}, { customClientMetadata: {} }),
      '! app a: customClientMetadata.corsAllowedOrigins is missing in Logto, and ["https://a.example"] in the file',
    ],
  ])('reports what differs, and leaves it: %s', async (_what, change, line) => {
    const logto = await openTenant();
    const file = setupFile({
      api: { name: 'A', indicator: 'https://a.api', permissions: { a: 'A' }, accessTokenTtl: 600 },
      apps: [{ name: 'a', customClientMetadata: { corsAllowedOrigins: ['https://a.example'] } }],
    });
    await runSetup(logto, [], { file });
    logto.change(() => change(logto.state));
    const state = structuredClone(logto.state);
    const { code, stdout } = await runSetup(logto, [], { file });
    expect(code).toBe(0);
    expect(stdout.split('\n')).toContain(line);
    expect(stdout).toContain(
      '\n1 value differs (!) and was not changed: change it in the Logto Console, or in the file.\n',
    );
    expect(logto.state).toEqual(state);
  });
});

describe('logto-m2m setup stops without a change', () => {
  async function expectDoubt(logto: StandInLogto, sentence: RegExp, args: string[] = []) {
    const state = structuredClone(logto.state);
    const { code, stdout, stderr } = await runSetup(logto, args);
    expect(stderr).toMatch(sentence);
    expect(stderr).toMatch(/\nNothing was changed\.\n$/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(logto.state).toEqual(state);
    expect(logto.requests.filter((one) => !one.startsWith('GET'))).toEqual([]);
  }

  it.each<[what: string, prepare: (logto: StandInLogto) => void, sentence: RegExp]>([
    [
      'two apps have one name',
      (logto) => [logto.addApp('catalog-service'), logto.addApp('catalog-service')],
      /2 machine-to-machine apps named catalog-service \(\w+ and \w+\)/,
    ],
    [
      'two organizations have one name',
      (logto) => [logto.addOrganization('Corner Shop'), logto.addOrganization('Corner Shop')],
      /2 organizations named Corner Shop \(\w+ and \w+\)/,
    ],
    [
      'a role is for users',
      (logto) => addUsersRole(logto, 'roles', 'shop-admin'),
      /already has the role shop-admin/,
    ],
    [
      'an organization role is for users',
      (logto) => addUsersRole(logto, 'organizationRoles', 'shop-partner'),
      /already has the organization role shop-partner, and it is not for machine-to-machine apps/,
    ],
    [
      'another API resource has the indicator',
      (logto) => logto.addResource('Warehouse', SHOP),
      /already has the API identifier https:\/\/shopping\.api, of the API resource Warehouse, and the file names it Online Shopping/,
    ],
    [
      'an API resource of that name has another indicator',
      (logto) => logto.addResource('Online Shopping', `${SHOP}/`),
      /already has an API resource named Online Shopping, with the identifier https:\/\/shopping\.api\/, and the file says https:\/\/shopping\.api\./,
    ],
    [
      'an app has almost the same name',
      (logto) => logto.addApp('Catalog-Service'),
      /Logto has the app "Catalog-Service", and the file says "catalog-service"\. If it is the same/,
    ],
  ])('if %s', async (_what, prepare, sentence) => {
    const logto = await openTenant();
    prepare(logto);
    for (const args of [[], ['--plan'], ['--check']]) await expectDoubt(logto, sentence, args);
  });

  it('and names every conflict', async () => {
    const logto = await openTenant();
    addUsersRole(logto, 'roles', 'shop-admin');
    addUsersRole(logto, 'roles', 'shop-reader');
    const { stderr } = await runSetup(logto);
    expect(stderr.trim().split('\n')).toHaveLength(3);
  });

  it('but not for an app of another type with the same name', async () => {
    const logto = await openTenant();
    logto.addApp('catalog-service', 'Traditional');
    expect((await runSetup(logto)).stdout).toContain('+ app catalog-service\n');
  });
});

function addUsersRole({ state }: StandInLogto, table: 'roles' | 'organizationRoles', name: string): void {
  state[table].push({ tenantId: 'default', id: name, name, description: '', type: 'User' });
}

/** Functions that each remove one thing, with everything that depends on it. */
function removalsFrom(state: State): (() => void)[] {
  const entries = [
    ...['resources', 'scopes', 'roles', 'applications'],
    ...['organizations', 'organizationScopes', 'organizationRoles'],
  ] as ('resources' | 'scopes')[];
  const pairs = [
    ...['roleScopes', 'roleApps', 'organizationApps', 'organizationAppRoles'],
    ...['organizationRoleScopes', 'organizationRoleResourceScopes'],
  ] as ('roleScopes' | 'roleApps')[];
  const isOwn = (name: string) => !/^(Logto Management API.*|management-service|all)$/.test(name);
  const removeIds = (ids: readonly string[]) => {
    const isGone = (id: string) => ids.includes(id);
    for (const table of entries) state[table] = state[table].filter(({ id }) => !isGone(id));
    state.secrets = state.secrets.filter(({ applicationId }) => !isGone(applicationId));
    for (const table of pairs) {
      state[table] = state[table].filter((pair) => !pair.join(' ').split(' ').some(isGone));
    }
  };
  return [
    ...entries.flatMap((table) =>
      state[table]
        .filter(({ name }) => isOwn(name))
        .map(({ name, indicator }) => () => {
          // By name, since an earlier run has created it again with another id.
          const ids = state[table].filter((one) => one.name === name).map(({ id }) => id);
          const its =
            indicator === undefined
              ? []
              : state.scopes.filter((one) => ids.includes(String(one['resourceId'])));
          removeIds([...ids, ...its.map(({ id }) => id)]);
        }),
    ),
    ...pairs.flatMap((table) =>
      state[table].map((_pair, index) => () => {
        const own = state[table].filter(([owner]) => owner !== 'mgmt');
        const gone = own[index % own.length];
        state[table] = state[table].filter((pair) => pair !== gone);
        // An app that leaves an organization loses its roles there.
        if (table === ('organizationApps' as string)) state.organizationAppRoles = [];
      }),
    ),
  ];
}
