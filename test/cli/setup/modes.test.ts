import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { State } from '../../support/management-api/state.js';
import { logtoM2M } from '../command.js';
import { admin, openTenant, runSetup, SHOP_FILE, setupFile } from './tenant.js';

const ONE_APP = { apps: [{ name: 'a' }] };

describe('logto-m2m setup --plan', () => {
  it('shows what a run would create, exits with 3 and changes nothing', async () => {
    const logto = await openTenant();
    const state = structuredClone(logto.state);
    const { code, stdout, stderr } = await runSetup(logto, ['--plan']);
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(stdout).toContain('\n18 objects would be created. Nothing was changed.\n');
    expect(logto.state).toEqual(state);
    expect(logto.requests.filter((one) => !one.startsWith('GET'))).toEqual([]);
  });

  it('prints the same lines as the run itself', async () => {
    const logto = await openTenant({ recorded: true });
    const steps = ({ stdout }: { stdout: string }) =>
      stdout.split('\n').filter((line) => /^[+=!] /.test(line));
    const planned = steps(await runSetup(logto, ['--plan']));
    expect(planned).toEqual(steps(await runSetup(logto)));
    expect(new Set(planned.map((line) => line[0]))).toEqual(new Set(['+', '=', '!']));
  });

  it('exits with 0 if nothing is missing, even if something differs', async () => {
    const logto = await openTenant({ recorded: true });
    await runSetup(logto);
    const { code, stdout } = await runSetup(logto, ['--plan']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^! /m);
    expect(stdout).toContain('\nNothing to do.\n');
  });
});

describe('logto-m2m setup --check', () => {
  it('exits with 0 if the tenant has everything that the file describes', async () => {
    const logto = await openTenant();
    await runSetup(logto);
    const { code, stdout, stderr } = await runSetup(logto, ['--check']);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '\nNothing is missing, and nothing differs.\n',
      stderr: '',
    });
  });

  it('exits with 1 if something is missing, and changes nothing', async () => {
    const logto = await openTenant();
    await runSetup(logto);
    logto.change(() => logto.state.roleApps.splice(1, 1));
    const state = structuredClone(logto.state);
    const { code, stdout } = await runSetup(logto, ['--check']);
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: '+ role shop-reader for app statistics-service\n\n1 object is missing in the tenant (+).\n',
    });
    expect(logto.state).toEqual(state);
  });

  it('exits with 1 if something differs', async () => {
    const logto = await openTenant();
    await runSetup(logto);
    logto.change(() => Object.assign(logto.state.roles.at(-1) ?? {}, { description: 'Other' }));
    const { code, stdout } = await runSetup(logto, ['--check']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^! role shop-admin: description is "Other" in Logto/);
    expect(stdout).toMatch(/\n1 value differs \(!\)\.\n$/);
  });

  it.each<[what: string, add: (state: State, ids: Ids) => void, line: string]>([
    [
      'a permission',
      (state, { api }) => state.scopes.push(permission(api, 'admin')),
      '? permission admin of https://shopping.api: the file does not describe it',
    ],
    [
      'a role with an additional permission',
      (state, { reader, write }) => state.roleScopes.push([reader, write]),
      '? role shop-reader also grants write:products of https://shopping.api, which the file does not name',
    ],
    [
      'another role with a permission of the API',
      (state, { write }) => {
        state.roles.push({
          tenantId: 'default',
          id: 'r9',
          name: 'old',
          description: '',
          type: 'MachineToMachine',
        });
        state.roleScopes.push(['r9', write]);
      },
      '? role old grants write:products of https://shopping.api, which the file does not name',
    ],
    [
      'an additional role of an app',
      (state, { admin: role, statistics }) => state.roleApps.push([role, statistics]),
      '? app statistics-service has additional roles: shop-admin',
    ],
    [
      'another app with a role',
      (state, { reader }) => state.roleApps.push([reader, 'management']),
      '? role shop-reader is also assigned to: management-service',
    ],
    [
      'an organization role with an additional permission',
      (state, { partner, deletion }) => state.organizationRoleResourceScopes.push([partner, deletion]),
      '? organization role shop-partner also grants delete:products of https://shopping.api, which the file does not name',
    ],
    [
      'another organization role with a permission of the API and one of organizations',
      (state, { write }) => {
        state.organizationRoles.push({ id: 'o9', name: 'old', description: '', type: 'MachineToMachine' });
        state.organizationRoleScopes.push(['o9', state.organizationScopes[0]?.id ?? '']);
        state.organizationRoleResourceScopes.push(['o9', write]);
      },
      '? organization role old grants read:reports and write:products of https://shopping.api, which the file does not name',
    ],
    [
      'an organization role with a permission of the same name of another API',
      (state, { partner }) => {
        state.resources.push({
          id: 'bank',
          name: 'Bank',
          indicator: 'https://bank.api',
          accessTokenTtl: 3600,
        });
        state.scopes.push({ ...permission('bank', 'read:products'), id: 'bank-read' });
        state.organizationRoleResourceScopes.push([partner, 'bank-read']);
      },
      '? organization role shop-partner also grants read:products, which the file does not name',
    ],
    [
      'another member',
      (state, { shop }) => state.organizationApps.push([shop, 'management']),
      '? organization Corner Shop has additional members: management-service',
    ],
    [
      'an additional organization role of a member',
      (state, { shop, partnerApp }) => {
        state.organizationRoles.push({ id: 'o9', name: 'boss', description: '', type: 'MachineToMachine' });
        state.organizationAppRoles.push([`${shop} ${partnerApp}`, 'o9']);
      },
      '? app partner-service in organization Corner Shop has additional organization roles: boss',
    ],
  ])('warns about what the tenant has in addition to the file: %s', async (_what, add, line) => {
    const logto = await openTenant();
    await runSetup(logto);
    logto.change(() => add(logto.state, idsIn(logto.state)));
    const { code, stdout } = await runSetup(logto, ['--check']);
    expect(stdout.split('\n')).toContain(line);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nThere (is 1 warning|are \d warnings) \(\?\)\.\n$/);
  });

  it('lists several additional apps and roles', async () => {
    const logto = await openTenant();
    await runSetup(logto);
    logto.change(() => {
      const { reader, admin: role, statistics } = idsIn(logto.state);
      const { id } = logto.addApp('other-service');
      const { id: another } = logto.addApp('third-service');
      logto.state.roles.push({
        tenantId: 'default',
        id: 'r9',
        name: 'old',
        description: '',
        type: 'MachineToMachine',
      });
      logto.state.roleApps.push([reader, id], [reader, another], [role, statistics], ['r9', statistics]);
    });
    const { stdout } = await runSetup(logto, ['--check']);
    expect(stdout.split('\n')).toEqual([
      '? app statistics-service has additional roles: old, shop-admin',
      '? role shop-reader is also assigned to: other-service, third-service',
      '',
      'Nothing is missing, and nothing differs.',
      'There are 2 warnings (?).',
      '',
    ]);
  });

  it('does not mention what is unrelated to the file', async () => {
    const logto = await openTenant({ recorded: true });
    await runSetup(logto, [], { file: setupFile(ONE_APP) });
    const { stdout } = await runSetup(logto, ['--check'], { file: setupFile(ONE_APP) });
    expect(stdout).toBe('\nNothing is missing, and nothing differs.\n');
  });
});

type Ids = Record<
  'api' | 'reader' | 'admin' | 'write' | 'deletion' | 'partner' | 'statistics' | 'partnerApp' | 'shop',
  string
>;

function idsIn(state: State): Ids {
  const id = (table: readonly { id: string; name: string }[], name: string) =>
    table.find((one) => one.name === name)?.id ?? 'none';
  return {
    api: id(state.resources, 'Online Shopping'),
    reader: id(state.roles, 'shop-reader'),
    admin: id(state.roles, 'shop-admin'),
    write: id(state.scopes, 'write:products'),
    deletion: id(state.scopes, 'delete:products'),
    partner: id(state.organizationRoles, 'shop-partner'),
    statistics: id(state.applications, 'statistics-service'),
    partnerApp: id(state.applications, 'partner-service'),
    shop: id(state.organizations, 'Corner Shop'),
  };
}

function permission(resourceId: string, name: string) {
  return { tenantId: 'default', id: name, resourceId, name, description: '', createdAt: 1 };
}

describe('logto-m2m setup --from-api', () => {
  /** An API with this metadata document. */
  async function startApi(document: object, path = '/.well-known/oauth-protected-resource') {
    const server = createServer(({ url }, res) => {
      res.writeHead(url === path ? 200 : 404, { 'content-type': 'application/json' });
      res.end(url === path ? JSON.stringify(document) : '{}');
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as { port: number };
    return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: async () => void server.close() };
  }

  const ALL = ['read:products', 'write:products', 'delete:products', 'read:orders'];
  const compare = (url: string, env: Record<string, string> = {}) =>
    logtoM2M(['setup', SHOP_FILE, '--from-api', url], { env });

  it('exits with 0 if the file has all permissions of the API, without a request to Logto', async () => {
    await using api = await startApi({ resource: 'https://shopping.api', scopes_supported: ALL });
    const { code, stdout, stderr } = await compare(api.url);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('= permission read:orders of https://shopping.api\n');
    expect(stdout).toContain('\nNothing is missing, and nothing differs.\n');
  });

  it('exits with 1 and names permissions that only the API or only the file has', async () => {
    const scopes = ['read:products', 'write:product', 'read:stock'];
    await using api = await startApi({ resource: 'https://shopping.api', scopes_supported: scopes });
    const { code, stdout } = await compare(api.url);
    expect(code).toBe(1);
    expect(stdout.split('\n')).toEqual([
      '= API resource https://shopping.api',
      '= permission read:products of https://shopping.api',
      '- permission write:product of https://shopping.api: the file has write:products',
      '- permission read:stock of https://shopping.api',
      "? permission write:products of https://shopping.api: the API's document does not name it",
      "? permission delete:products of https://shopping.api: the API's document does not name it",
      "? permission read:orders of https://shopping.api: the API's document does not name it",
      '',
      '2 objects are missing in the file (-).',
      'There are 3 warnings (?).',
      '',
    ]);
  });

  it('suggests no spelling for a short permission: it may be a different one', async () => {
    const indicator = 'https://a.api';
    const file = setupFile({ api: { name: 'A', indicator, permissions: { 'a:b': '' } } });
    await using api = await startApi({ resource: indicator, scopes_supported: ['a:b', 'a:c'] });
    const { code, stdout } = await logtoM2M(['setup', file, '--from-api', api.url], { env: {} });
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout:
        '= API resource https://a.api\n= permission a:b of https://a.api\n- permission a:c of https://a.api\n\n1 object is missing in the file (-).\n',
    });
  });

  it('exits with 1 if the file does not describe the API', async () => {
    await using api = await startApi({ resource: 'https://shopping.api/', scopes_supported: ALL });
    const { code, stdout } = await compare(api.url);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^- API resource https:\/\/shopping\.api\/: the file describes "https:\/\/shopping\.api", and indicators are compared/,
    );
  });

  it('exits with 1 if the API trusts a Logto other than LOGTO_ENDPOINT', async () => {
    await using api = await startApi({
      resource: 'https://shopping.api',
      scopes_supported: ALL,
      authorization_servers: ['https://other.example/oidc'],
    });
    const { code, stdout } = await compare(api.url, { LOGTO_ENDPOINT: 'https://logto.example' });
    expect(code).toBe(1);
    expect(stdout).toContain(
      '! API resource https://shopping.api: the API trusts https://other.example/oidc, not https://logto.example/oidc\n',
    );
  });

  it('finds the document of an API with a path, and accepts the URL of the document itself', async () => {
    const path = '/.well-known/oauth-protected-resource/shop';
    await using api = await startApi({ resource: 'https://shopping.api', scopes_supported: ALL }, path);
    for (const address of [`${api.url}/shop`, `${api.url}/shop/`, api.url + path]) {
      expect((await compare(address)).code).toBe(0);
    }
  });

  it('warns if the document names no permissions', async () => {
    await using api = await startApi({ resource: 'https://shopping.api' });
    const { code, stdout } = await compare(api.url);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout:
        '= API resource https://shopping.api\n? API resource https://shopping.api: its document names no permissions\n\nNothing is missing, and nothing differs.\nThere is 1 warning (?).\n',
    });
  });

  it('refuses a document whose permissions are not a list of strings', async () => {
    for (const scopes of ['read:products', [1], {}]) {
      await using api = await startApi({ resource: 'https://shopping.api', scopes_supported: scopes });
      const { code, stderr } = await compare(api.url);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(
          /scopes_supported is not a list of strings \(RFC 9728 section 2\)\.\n$/,
        ),
      });
    }
  });

  it('shortens long permissions, and lists each permission once', async () => {
    const long = `${'x'.repeat(5_000)}\u001b[2J`;
    await using api = await startApi({ resource: 'https://shopping.api', scopes_supported: [long, long] });
    const { stdout } = await compare(api.url);
    expect(stdout.match(/^- /gm)).toHaveLength(1);
    expect(stdout.length).toBeLessThan(1_000);
    expect(stdout).not.toContain('\u001b');
  });

  it('accepts any of several endpoints as the one that the API trusts', async () => {
    await using api = await startApi({
      resource: 'https://shopping.api',
      authorization_servers: ['https://auth.example/oidc'],
    });
    const LOGTO_ENDPOINT = 'https://logto.example,https://auth.example';
    expect((await compare(api.url, { LOGTO_ENDPOINT })).code).toBe(0);
  });

  it.each<[what: string, address: (url: string) => string, said: RegExp]>([
    [
      'there is no document',
      (url) => `${url}/other`,
      /responds with status 404, and has no metadata document/,
    ],
    ['nothing listens', () => 'http://127.0.0.1:1', /^nothing listens at|^fetch does not allow port 1/],
  ])('exits with 1 and an explanation if %s', async (_what, address, said) => {
    await using api = await startApi({});
    const { code, stdout, stderr } = await compare(address(api.url));
    expect(stderr).toMatch(said);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  it('can be combined with --check', async () => {
    const logto = await openTenant();
    await runSetup(logto);
    await using api = await startApi({ resource: 'https://shopping.api', scopes_supported: ['read:stock'] });
    logto.change(() => logto.state.roleApps.splice(1, 1));
    const { code, stdout } = await runSetup(logto, ['--check', '--from-api', api.url]);
    expect(code).toBe(1);
    expect(stdout).toContain('+ role shop-reader for app statistics-service\n');
    expect(stdout).toContain('- permission read:stock of https://shopping.api\n');
    expect(logto.requests.length).toBeGreaterThan(0);
  });
});

describe('logto-m2m setup --json', () => {
  it.each<[args: string[], code: number]>([
    [['--plan'], 3],
    [['--check'], 1],
    [[], 0],
  ])('with %j prints the steps and variables, without a secret', async (args, code) => {
    const logto = await openTenant();
    const file = setupFile(ONE_APP);
    const { stdout, stderr, code: ended } = await runSetup(logto, [...args, '--json'], { file });
    expect({ ended, stderr }).toEqual({ ended: code, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      ok: code === 0,
      steps: [{ action: 'make', text: 'app a' }],
      ...(args.length === 0 && { variables: { LOGTO_ENDPOINT: logto.endpoint, A_ID: logto.app('a').id } }),
    });
  });

  it('prints the steps before a failure, and the failure', async () => {
    const logto = await openTenant();
    logto.changesUntilBreak = 1;
    const { code, stdout, stderr } = await runSetup(logto, ['--json']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      steps: [{ action: 'make', text: 'API resource https://shopping.api' }],
      error: { code: 'setup', message: expect.stringMatching(/did not respond to POST/) },
    });
  });

  it('prints the errors in the file', async () => {
    const logto = await openTenant();
    const { code, stdout } = await runSetup(logto, ['--json'], { file: setupFile('{') });
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: 'file' } });
  });
});

describe('logto-m2m setup, as a command,', () => {
  it('plans, creates and checks', async () => {
    const logto = await openTenant();
    const env = admin(logto);
    expect((await logtoM2M(['setup', SHOP_FILE, '--plan'], { env })).code).toBe(3);
    expect((await logtoM2M(['setup', SHOP_FILE, '--check'], { env })).code).toBe(1);
    const { code, stdout, stderr } = await logtoM2M(['setup', SHOP_FILE], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('\n18 objects were created.\n');
    expect((await logtoM2M(['setup', SHOP_FILE, '--check'], { env })).code).toBe(0);
  });

  it('shows its progress on a terminal, and removes that line', async () => {
    const logto = await openTenant();
    const { stdout, stderr } = await runSetup(logto, [], { file: setupFile(ONE_APP), isTTY: true });
    expect(stderr.replaceAll('\r\u001b[K', '<')).toBe('  api/applications …<  api/applications …<');
    expect(stdout).toContain('\u001b[32m+\u001b[39m app a\n');
  });

  it('never shows a secret', async () => {
    const logto = await openTenant();
    const outcomes = await Promise.all(
      [[], ['--json'], ['--plan'], ['--check']].map((args) => runSetup(logto, args)),
    );
    await sleep(0);
    for (const { secret } of logto.directory.applications) {
      for (const { stdout, stderr } of outcomes) expect(stdout + stderr).not.toContain(secret);
    }
  });

  it.each<[args: string[], said: RegExp]>([
    [[], /^logto-m2m: the set-up file is missing: pass one, such as logto\.json\.$/m],
    [['a.json', 'b.json'], /pass only one file/],
    [['a.json', '--plan', '--check'], /pass --plan without --check/],
    [['a.json', '--plan', '--write-env', 'x'], /--write-env writes what was created/],
    [['a.json', '--check', '--env-file', 'x'], /: --env-file writes what was created/],
    [['a.json', '--write-env', 'x', '--env-file', 'y'], /pass only one of them/],
    [
      ['a.json', '--from-api', 'https://shop.example', '--write-env', 'x'],
      /--write-env writes what was created/,
    ],
    [['a.json', '--plna'], /unknown option '--plna'/],
    [[SHOP_FILE, '--from-api', 'shop'], /`--from-api` must be an address of the API/],
    [[SHOP_FILE], /the endpoint of Logto is missing: set LOGTO_ENDPOINT/],
    [
      [SHOP_FILE, '--endpoint', 'https://logto.example'],
      /the app is missing: set LOGTO_APP_ID and LOGTO_APP_SECRET/,
    ],
    [['none.json'], /^none\.json does not exist\.$/m],
  ])('exits with 2 for the arguments %j', async (args, said) => {
    const { code, stdout, stderr } = await logtoM2M(['setup', ...args]);
    expect(stderr).toMatch(said);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  it('exits with 2 if LOGTO_TENANT_ID is not an id', async () => {
    const env = {
      LOGTO_ENDPOINT: 'https://logto.example',
      LOGTO_APP_ID: 'a',
      LOGTO_APP_SECRET: 'b',
      LOGTO_TENANT_ID: 'https://a',
    };
    const { code, stderr } = await logtoM2M(['setup', SHOP_FILE], { env });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/LOGTO_TENANT_ID must be/) });
  });

  it('prints help', async () => {
    const { code, stdout } = await logtoM2M(['setup', '--help']);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^npx express-logto-m2m setup FILE/),
    });
  });
});
