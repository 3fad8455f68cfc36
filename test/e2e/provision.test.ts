import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shopDirectory } from '../../example-server/local-issuer/directory.js';
import { environmentOf } from '../../example-server/provision/environment.js';
import { ManagementApi } from '../../example-server/provision/management-api.js';
import { provision as provisionBy } from '../../example-server/provision/provision.js';
import { createM2MClient } from '../../src/client/index.js';
import { Recorder } from '../support/client.js';
import { type RecordedCall, recordedCalls } from '../support/management-api/recorded-calls.js';
import { StandInLogto, type StandInOptions } from '../support/management-api/stand-in-logto.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const SHOP = 'https://shopping.api';

let logto: StandInLogto;
afterEach(() => logto.stop());

async function open(options: StandInOptions = {}): Promise<StandInLogto> {
  logto = await StandInLogto.start(options);
  return logto;
}

/** Runs the built program, as an admin does who has made an app for the Management API. */
async function provision(env: Record<string, string> = {}, ...args: string[]) {
  const { id, secret } = logto.app();
  const { LOGTO_AUDIENCE, ...inherited } = process.env;
  const child = spawn(process.execPath, ['example-server/dist/provision.js', ...args], {
    cwd: root,
    env: {
      ...inherited,
      LOGTO_ENDPOINT: logto.endpoint,
      LOGTO_APP_ID: id,
      LOGTO_APP_SECRET: secret,
      LOGTO_TENANT_ID: '',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, told, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { output, told, exitCode };
}

/** The same within this process, which takes a tenth of the time: for all but the program's own ways. */
async function provisionHere(endpoint = logto.endpoint) {
  const { id, secret } = logto.app();
  const told: string[] = [];
  const tell = (line: string) => void told.push(`${line}\n`);
  try {
    const api = await ManagementApi.open({
      endpoint,
      appId: id,
      appSecret: secret,
      tenantId: undefined,
      tell,
    });
    const output = `${environmentOf(api.endpoint, await provisionBy(api, tell))}\n`;
    return { output, told: told.join(''), exitCode: 0 };
  } catch (error) {
    tell((error as Error).message);
    return { output: '', told: told.join(''), exitCode: 1 };
  }
}

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

/** The tenant without what chance gave it. */
function shapeOf({ state }: StandInLogto) {
  const names = new Map<string, string>();
  for (const table of [
    state.resources,
    state.scopes,
    state.roles,
    state.applications,
    state.organizations,
    state.organizationScopes,
    state.organizationRoles,
  ]) {
    for (const { id, name } of table) names.set(id, name);
  }
  const json = JSON.stringify(state, (key, value) => (/^(createdAt|value)$/.test(key) ? undefined : value));
  return JSON.parse([...names].reduce((all, [id, name]) => all.replaceAll(id, name), json));
}

/** Has the Management API answer so, from the given request on and so many times. */
function interrupt(which: RegExp, status: number, retryAfter?: string, times = Number.POSITIVE_INFINITY) {
  let left = times;
  logto.intercept = ({ method, path }, res) => {
    if (!which.test(`${method} ${path}`) || left-- <= 0) return;
    if (retryAfter !== undefined) res.set('Retry-After', retryAfter);
    res.status(status).send('Later.');
  };
}

/** What gives a token, and then answers everything so. */
function afterToken(status: number, body: string): RequestListener {
  return ({ url, headers }, res) => {
    const isToken = url === '/oidc/token';
    res.writeHead(isToken ? 200 : status, { 'content-type': 'application/json' });
    res.end(isToken ? tokenAnswer(jwt({ iss: `http://${headers.host}/oidc` })) : body);
  };
}

function tokenAnswer(token: string): string {
  return JSON.stringify({ access_token: token, expires_in: 3600, token_type: 'Bearer', scope: 'all' });
}

/** A token that nobody verifies. */
function jwt(claims: object): string {
  return ['{}', JSON.stringify(claims), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.');
}

/** Entries in an order that does not depend on their ids. */
function sorted(entries: unknown[]): string[] {
  return entries.map((entry) => JSON.stringify(entry)).sort();
}

describe('the stand-in', () => {
  it('answers every recorded call as the real Logto did', async () => {
    const ids = recordedCalls
      .filter(({ method, status }) => method === 'POST' && status < 300)
      .flatMap(({ response }) => (response as { id?: string }).id ?? []);
    await open({ recorded: true, ids });
    const tokens = await Promise.all(['stranger-service', 'management-service'].map(tokenOf));

    expect(recordedCalls.length).toBeGreaterThan(40);
    for (const [index, call] of recordedCalls.entries()) {
      // The first two were made without a token, and with one that lacks the permission.
      const token = index === 0 ? undefined : index === 1 ? tokens[0] : tokens[1];
      expect(await replay(call, token)).toEqual(comparable(call));
    }
  });

  async function tokenOf(name: string): Promise<string> {
    const { id: appId, secret: appSecret } = logto.app(name);
    const resource = 'https://default.logto.app/api';
    const client = createM2MClient({ endpoint: logto.endpoint, appId, appSecret, resource, scopes: ['all'] });
    return (await client.getAccessToken()).token;
  }

  async function replay({ method, path, request, headers }: RecordedCall, token: string | undefined) {
    const response = await fetch(logto.endpoint + path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(request && { 'content-type': 'application/json' }),
      },
      ...(request && { body: JSON.stringify(request) }),
    });
    const body = await response.text();
    const own = ['content-type', 'link', 'total-number'].filter((name) => response.headers.has(name));
    return comparable({
      method,
      path,
      ...(request && { request }),
      status: response.status,
      headers: Object.fromEntries(own.map((name) => [name, response.headers.get(name) ?? ''])),
      response: headers['content-type']?.includes('json') ? JSON.parse(body) : body,
    });
  }

  /** What depends on the moment, on chance or on the address, by its type alone. */
  function comparable(call: RecordedCall): unknown {
    const json = JSON.stringify(call, (key, value) =>
      /^(createdAt|value)$/.test(key) ? `a ${typeof value}` : value,
    );
    return JSON.parse(json.replaceAll('http://localhost:3001/', '/').replaceAll(`${logto.endpoint}/`, '/'));
  }

  it('gives lists in pages', async () => {
    await open();
    for (let number = 1; number <= 44; number += 1) logto.addApp(`app ${number}`);
    const authorization = `Bearer ${await tokenOf('management-service')}`;
    const page = async (query: string) => {
      const response = await fetch(`${logto.endpoint}/api/applications?${query}`, {
        headers: { authorization },
      });
      const entries = (await response.json()) as { name: string }[];
      return { status: response.status, length: entries.length, total: response.headers.get('total-number') };
    };
    expect(await page('')).toEqual({ status: 200, length: 20, total: '45' });
    expect(await page('page=3&page_size=20')).toEqual({ status: 200, length: 5, total: '45' });
    expect(await page('page=4')).toEqual({ status: 200, length: 0, total: '45' });
    expect((await page('page_size=101')).status).toBe(400);
    expect((await page('page=0')).status).toBe(400);
  });
});

describe('provision', { timeout: 60_000 }, () => {
  it('gives an empty tenant what the example needs, so that its apps may do what they should', async () => {
    await open();
    const { output, told, exitCode } = await provision();
    expect(told).toContain('created  API resource https://shopping.api\n');
    expect(exitCode).toBe(0);

    const asInTheExample = grantsIn(shopDirectory());
    expect(asInTheExample).toHaveLength(4);
    expect(grantsIn(logto.directory)).toEqual(asInTheExample);

    const statistics = logto.app('statistics-service');
    expect(parseEnv(output)).toMatchObject({
      LOGTO_ENDPOINT: logto.endpoint,
      LOGTO_AUDIENCE: SHOP,
      SHOP_URL: 'http://127.0.0.1:3200',
      LOGTO_APP_ID: statistics.id,
      LOGTO_APP_SECRET: statistics.secret,
      PARTNER_APP_SECRET: logto.app('partner-service').secret,
      CORNER_SHOP_ID: logto.state.organizations[0]?.id,
    });
  });

  it('tells secrets to stdout alone', async () => {
    await open();
    const { output, told } = await provision();
    for (const { name, secret } of logto.directory.applications) {
      expect(told).not.toContain(secret);
      expect(output.includes(secret)).toBe(name !== 'management-service');
    }
  });

  describe('with a file', () => {
    let folder: string;
    let file: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'provision-'));
      file = join(folder, 'shop.env');
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it('writes into it what it would print, for its owner alone', async () => {
      await open();
      writeFileSync(file, 'OLD=1\n', { mode: 0o644 });
      const { output, told, exitCode } = await provision({}, file);
      expect(output).toBe('');
      expect(told).toMatch(new RegExp(`^wrote {4}${file}\\n$`, 'm'));
      expect(exitCode).toBe(0);
      expect(readFileSync(file, 'utf8')).toBe((await provision()).output);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readdirSync(folder)).toEqual(['shop.env']);
    });

    it('makes a new one for its owner alone too, and writes through a link', async () => {
      await open();
      await provision({}, file);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const link = join(folder, 'link.env');
      symlinkSync('shop.env', link);
      const before = readFileSync(file, 'utf8');
      writeFileSync(file, '');
      expect((await provision({}, link)).exitCode).toBe(0);
      expect(lstatSync(link).isSymbolicLink()).toBe(true);
      expect(readFileSync(file, 'utf8')).toBe(before);
    });

    it('leaves it as it was where it fails', async () => {
      await open();
      writeFileSync(file, 'GOOD=1\n');
      const fails = async (env = {}) => {
        expect((await provision(env, file)).exitCode).toBe(1);
        expect(readFileSync(file, 'utf8')).toBe('GOOD=1\n');
        expect(readdirSync(folder)).toEqual(['shop.env']);
      };
      await fails({ LOGTO_APP_SECRET: 'wrong' });
      await fails({ LOGTO_ENDPOINT: '' });
      interrupt(/GET .api.applications.\w+.secrets$/, 500);
      await fails();
    });

    it.each<[string, () => string, RegExp]>([
      [
        'a folder is missing',
        () => join(folder, 'none', 'shop.env'),
        /shop\.env cannot be written \(ENOENT\)\.\n$/,
      ],
      ['it is a folder', () => folder, /^\S+ is no file that could be replaced\.\n$/],
      ['it has no name', () => '', /^\S+ is no file that could be replaced\.\n$/],
      ['it is a device', () => '/dev/null', /^\/dev\/null is no file that could be replaced\.\n$/],
    ])('asks nothing of Logto where %s', async (_case, path, sentence) => {
      await open();
      const { output, told, exitCode } = await provision({}, path());
      expect(told).toMatch(sentence);
      expect({ output, exitCode }).toEqual({ output: '', exitCode: 1 });
      expect(logto.requests).toEqual([]);
    });
  });

  it.each([
    ['--hlep', /^Unknown option '--hlep'/],
    ['more.env', /^One file is enough\.\n\nGives a Logto/],
  ])('says what it takes where it gets %s', async (argument, sentence) => {
    await open();
    const { told, exitCode } = await provision({}, 'shop.env', argument);
    expect(told).toMatch(sentence);
    expect(exitCode).toBe(1);
  });

  it('changes nothing the second time, and prints the same', async () => {
    await open();
    const first = await provisionHere();
    const state = structuredClone(logto.state);
    const second = await provisionHere();
    expect(second.output).toBe(first.output);
    expect(second.told).not.toMatch(/created|added/);
    expect(logto.state).toEqual(state);
  });

  it('finds what a tenant in use has, and completes it', async () => {
    await open({ recorded: true });
    const before = structuredClone(logto.state);
    const { told, exitCode } = await provisionHere();
    expect(exitCode).toBe(0);
    expect(told.split('\n')).toEqual(
      expect.arrayContaining([
        'found    API resource https://shopping.api',
        'created  permission read:orders of it',
        'found    role shop-reader',
        'added    to it: read:orders',
        'found    app statistics-service',
        'created  app partner-service',
        'created  organization Corner Shop',
      ]),
    );
    expect(grantsIn(logto.directory)).toEqual(grantsIn(shopDirectory()));
    // Whatever was there is there still, as it was.
    for (const [table, entries] of Object.entries(before)) {
      expect(logto.state[table as keyof typeof before]).toEqual(expect.arrayContaining(entries));
    }
    expect((await provisionHere()).told).not.toMatch(/created|added/);
  });

  it('prints the endpoint as the tokens name it', async () => {
    await open();
    const { host } = new URL(logto.endpoint);
    const { output } = await provision({ LOGTO_ENDPOINT: `HTTP://${host}/` });
    expect(parseEnv(output)['LOGTO_ENDPOINT']).toBe(logto.endpoint);
  });

  it('refuses an address that Logto does not issue tokens under, before it asks for anything', async () => {
    await open({ host: 'localhost' });
    const byNumber = logto.endpoint.replace('localhost', '127.0.0.1');
    expect(await provisionHere(byNumber)).toEqual({
      output: '',
      told: `Logto issues tokens as ${logto.endpoint}, and not as ${byNumber}: set LOGTO_ENDPOINT=${logto.endpoint}. Nothing was changed.\n`,
      exitCode: 1,
    });
    expect(logto.requests).toEqual([]);
    const { output } = await provisionHere();
    expect(parseEnv(output)['LOGTO_ENDPOINT']).toBe(logto.endpoint);
  });

  const secure =
    "give Logto an https address, or run this and the example on Logto's own machine, with a loopback address as LOGTO_ENDPOINT and as Logto's own ENDPOINT, such as http://localhost:3001";

  it('says how to go on where secrets would be sent in the open', async () => {
    await open();
    expect(await provisionHere('http://logto.lan:3001')).toEqual({
      output: '',
      told: `LOGTO_ENDPOINT is http://logto.lan:3001, and over http whoever is between can read the secrets of the apps: ${secure}.\n`,
      exitCode: 1,
    });
  });

  it('names no address that it would not take itself', async () => {
    await open({ host: 'logto.lan' });
    const byNumber = logto.endpoint.replace('logto.lan', '127.0.0.1');
    expect((await provisionHere(byNumber)).told).toBe(
      `Logto issues tokens as ${logto.endpoint}, and not as ${byNumber}: ${secure}. Nothing was changed.\n`,
    );
  });

  it.each(['opaque', 'x.bm90IEpTT04.x', jwt({}), jwt({ iss: 'https://accounts.example' })])(
    'takes %j for no token of Logto',
    async (token) => {
      await open();
      const server = await Recorder.start((_req, res) => {
        res.setHeader('content-type', 'application/json').end(tokenAnswer(token));
      });
      expect(await provisionHere(server.url)).toMatchObject({
        told: `The token that ${server.url} gave is none of Logto's: its issuer is no address that ends in /oidc.\n`,
        exitCode: 1,
      });
      await server.stop();
    },
  );

  it('completes a run that lost the answer to any of its changes', async () => {
    await open();
    await provisionHere();
    const whole = shapeOf(logto);
    await logto.stop();

    await open();
    const codes: (number | null)[] = [];
    do {
      logto.changesUntilBreak = 0;
      const { exitCode, output, told } = await provisionHere();
      codes.push(exitCode);
      if (exitCode !== 0) {
        expect(output).toBe('');
        expect(told).toMatch(
          /Logto did not answer POST .* Run this again: it goes on where it broke off\.\n$/,
        );
      }
    } while (codes.at(-1) !== 0 && codes.length < 40);

    expect(codes.length).toBeGreaterThan(15);
    expect(codes.at(-1)).toBe(0);
    expect(grantsIn(logto.directory)).toEqual(grantsIn(shopDirectory()));
    const broken = shapeOf(logto);
    for (const table of Object.keys(whole)) {
      expect([table, sorted(broken[table])]).toEqual([table, sorted(whole[table])]);
    }
  });

  it('completes roles that lack permissions, as an interrupted Logto may leave them', async () => {
    await open();
    await provisionHere();
    for (const table of ['roleScopes', 'organizationRoleScopes', 'organizationRoleResourceScopes'] as const) {
      logto.state[table] = logto.state[table].filter(([owner]) => owner === 'mgmt');
    }
    const { told } = await provisionHere();
    expect(told).toContain('added    to it: read:products read:orders\n');
    expect(told).toContain('added    to it: read:reports\nadded    to it: read:products write:products\n');
    expect(grantsIn(logto.directory)).toEqual(grantsIn(shopDirectory()));
  });

  it('finds what is on later pages', async () => {
    await open();
    const first = await provisionHere();
    for (let number = 1; number <= 205; number += 1) {
      logto.addApp(`app ${number}`);
      logto.addOrganization(`Organization ${number}`);
    }
    expect(await provisionHere()).toMatchObject({ output: first.output, exitCode: 0 });
    expect(logto.requests.filter((one) => one.includes('/api/applications?page=3'))).toHaveLength(1);
  });

  it.each([undefined, ''])('takes no page for the last by a total of %j', async (total) => {
    await open();
    await provisionHere();
    const state = structuredClone(logto.state);
    logto.intercept = ({ method, path }, res) => {
      if (method !== 'GET' || path !== '/api/applications') return;
      const set = res.setHeader.bind(res);
      res.setHeader = (name, value) => {
        if (name.toLowerCase() !== 'total-number') return set(name, value);
        return total === undefined ? res : set(name, total);
      };
    };
    expect(await provisionHere()).toEqual({
      output: '',
      told: `${logto.endpoint} does not say how many entries /api/applications has: is there a proxy that drops the header Total-Number?\n`,
      exitCode: 1,
    });
    expect(logto.state).toEqual(state);
  });

  it.each([
    [
      'app',
      () => logto.addApp('catalog-service'),
      /2 machine-to-machine apps named catalog-service \(\w+, \w+\)/,
    ],
    [
      'organization',
      () => logto.addOrganization('Corner Shop'),
      /2 organizations named Corner Shop \(\w+, \w+\)/,
    ],
  ])('refuses an %s whose name exists twice, before it changes anything', async (_what, add, sentence) => {
    await open();
    add();
    add();
    const state = structuredClone(logto.state);
    const { output, told, exitCode } = await provisionHere();
    expect(told).toMatch(sentence);
    expect(told).toMatch(/Nothing was changed\.\n$/);
    expect({ output, exitCode }).toEqual({ output: '', exitCode: 1 });
    expect(logto.state).toEqual(state);
  });

  it('takes no app of another type for its own', async () => {
    await open();
    logto.addApp('catalog-service', 'Traditional');
    expect((await provisionHere()).told).toContain('created  app catalog-service\n');
  });

  it.each([
    ['role', 'shop-reader', 'roles'],
    ['role', 'shop-admin', 'roles'],
    ['organization role', 'shop-partner', 'organizationRoles'],
  ] as const)(
    'says so where the %s %s is for users, before it changes anything',
    async (_what, name, table) => {
      await open();
      logto.state[table].push({ tenantId: 'default', id: 'r1', name, description: '', type: 'User' });
      const state = structuredClone(logto.state);
      expect(await provisionHere()).toEqual({
        output: '',
        told: `Logto has a role named ${name} already, and it is none for machine-to-machine apps. In the Logto Console, give it another name. Nothing was changed.\n`,
        exitCode: 1,
      });
      expect(logto.state).toEqual(state);
    },
  );

  it('says what Logto says where it refuses for a reason of its own', async () => {
    await open();
    const limit = { code: 'subscription.limit_exceeded', message: 'You have reached the limit.' };
    const api = await Recorder.start(afterToken(403, JSON.stringify(limit)));
    const { told } = await provisionHere(api.url);
    expect(told).toMatch(/\(403\): You have reached the limit\. \(subscription\.limit_exceeded\)\n$/);
    await api.stop();
  });

  it('waits where Logto asks for it', async () => {
    await open();
    interrupt(/POST .api.applications/, 429, '1', 2);
    const first = await provisionHere();
    expect(first.told.match(/^waiting {2}1 s, as Logto asks \(429\)$/gm)).toHaveLength(2);
    expect(first.exitCode).toBe(0);
    interrupt(/GET .api.resources/, 503, new Date(Date.now() + 3_000).toUTCString(), 1);
    const second = await provisionHere();
    expect(second.told).toMatch(/^waiting {2}\d s, as Logto asks \(503\)\n/);
    expect(second).toMatchObject({ output: first.output, exitCode: 0 });
  });

  it('waits some times, and not for ever', async () => {
    await open();
    interrupt(/GET .api.roles$/, 429, '1');
    const { told, exitCode } = await provisionHere();
    expect(told).toBe(
      `${'waiting  1 s, as Logto asks (429)\n'.repeat(4)}Logto refused GET /api/roles?page=1&page_size=100 (429): it did not say why\nRun this again: it goes on where it broke off.\n`,
    );
    expect(exitCode).toBe(1);
    expect(logto.requests.filter((one) => one.startsWith('GET /api/roles?'))).toHaveLength(5);
  });

  it.each([
    [429, '3600'],
    [503, '3600'],
    [503, undefined],
    [500, '1'],
    [502, undefined],
  ])('says to run it again after a change that got %i, Retry-After: %s', async (status, retryAfter) => {
    await open();
    interrupt(/POST .api.applications$/, status, retryAfter);
    const { told, output, exitCode } = await provisionHere();
    expect(told).not.toContain('waiting');
    expect(told).toContain(
      `Logto refused POST /api/applications (${status}): it did not say why\nRun this again: it goes on where it broke off.\n`,
    );
    expect({ output, exitCode }).toEqual({ output: '', exitCode: 1 });
    expect(logto.requests.filter((one) => one === 'POST /api/applications')).toHaveLength(1);
  });

  it('says to run it again where an answer breaks off', async () => {
    await open();
    logto.intercept = (_req, res) => {
      res.set('Content-Length', '100').write('[', () => res.destroy());
    };
    const { told, exitCode } = await provisionHere();
    expect(told).toMatch(
      /^Logto did not answer GET \/api\/resources\S+: .+\. Run this again: it goes on where it broke off\.\n$/,
    );
    expect(exitCode).toBe(1);
  });

  it('says to run it again where Logto has no token for now', { timeout: 20_000 }, async () => {
    await open();
    const server = await Recorder.start(
      (_req, res) => void res.writeHead(503, { 'retry-after': '60' }).end(),
    );
    expect(await provisionHere(server.url)).toEqual({
      output: '',
      told: `Logto gave no token: ${server.url} answered 503. Logto, or a proxy before it, fails: look at its log, and whether it reaches its database.\nRun this again: it goes on where it broke off.\n`,
      exitCode: 1,
    });
    await server.stop();
  });

  it.each([
    ['permission', /POST .api.resources.\w+.scopes$/, 'scope.name_exists'],
    ['role', /POST .api.roles$/, 'role.name_in_use'],
    ['organization permission', /POST .api.organization-scopes$/, 'entity.unique_integrity_violation'],
  ])('says to run it again where another run has made the %s meanwhile', async (_what, which, code) => {
    await open();
    let other: Awaited<ReturnType<typeof provision>> | undefined;
    logto.intercept = async ({ method, path }) => {
      if (!which.test(`${method} ${path}`)) return;
      logto.intercept = () => {};
      other = await provisionHere();
    };
    const { told, output, exitCode } = await provisionHere();
    expect(other?.exitCode).toBe(0);
    expect(told).toMatch(
      new RegExp(`\\(422\\): .*\\(${code}\\)\\nRun this again: it goes on where it broke off\\.\\n$`),
    );
    expect({ output, exitCode }).toEqual({ output: '', exitCode: 1 });
    expect((await provisionHere()).output).toBe(other?.output);
  });

  it('quotes values so that node --env-file and a shell read them as they are', async () => {
    await open();
    await provision();
    const values = { statistics: `#a "b" $HOME \\n \`c\``, catalog: `it's #1`, partner: 'ends with \\' };
    for (const [name, value] of Object.entries(values)) {
      const { id } = logto.app(`${name}-service`);
      for (const secret of logto.state.secrets) if (secret.applicationId === id) secret.value = value;
    }
    const folder = mkdtempSync(join(tmpdir(), 'quoted-'));
    const file = join(folder, 'shop.env');
    expect(await provision({}, file)).toMatchObject({ exitCode: 0 });

    const program =
      'const e = process.env; console.log(JSON.stringify([e.LOGTO_APP_SECRET, e.CATALOG_APP_SECRET, e.PARTNER_APP_SECRET]))';
    const read = (command: string, ...args: string[]) =>
      JSON.parse(execFileSync(command, args, { env: { PATH: process.env['PATH'] }, encoding: 'utf8' }));
    expect(read(process.execPath, `--env-file=${file}`, '-e', program)).toEqual(Object.values(values));
    expect(read('sh', '-c', 'set -a; . "$1"; "$2" -e "$3"', 'sh', file, process.execPath, program)).toEqual(
      Object.values(values),
    );
    rmSync(folder, { recursive: true });
  });

  it.each([`it's "quoted"`, `it's $5`, 'two\nlines'])(
    'refuses a secret as %j, which no quotes hold',
    async (secret) => {
      await open();
      await provision();
      for (const one of logto.state.secrets) {
        if (one.applicationId === logto.app('partner-service').id) one.value = secret;
      }
      const { output, told, exitCode } = await provision();
      expect(told).toMatch(/^PARTNER_APP_SECRET has characters that no environment file can hold: /m);
      expect(told).not.toContain(secret);
      expect({ output, exitCode }).toEqual({ output: '', exitCode: 1 });
    },
  );

  it('prints the secret that lasts, and says so where none does', async () => {
    await open();
    const { output } = await provisionHere();
    const { id, secret } = logto.app('catalog-service');
    const [own] = logto.state.secrets.filter(({ applicationId }) => applicationId === id);
    if (own === undefined) throw new Error('no secret');
    logto.state.secrets.unshift(
      { ...own, name: 'older, but expired', value: 'EXPIRED', createdAt: 1, expiresAt: 2 },
      { ...own, name: 'older, but ending', value: 'ENDING', createdAt: 1, expiresAt: Date.now() + 60_000 },
      { ...own, name: 'newer', value: 'NEWER', createdAt: own.createdAt + 1 },
    );
    expect((await provisionHere()).output).toBe(output);
    expect(output).toContain(`CATALOG_APP_SECRET=${secret}\n`);

    for (const one of logto.state.secrets) if (one.applicationId === id) one.expiresAt = 2;
    const { told, exitCode } = await provisionHere();
    expect(told).toMatch(
      new RegExp(`App catalog-service \\(${id}\\) has no secret that is still valid: make one`),
    );
    expect(exitCode).toBe(1);
  });

  it.each<[string, RequestListener, RegExp]>([
    [
      'is no Logto',
      (_req, res) => void res.writeHead(404).end('<html>Welcome</html>'),
      /^Logto gave no token: what \S+ answered \(404\) is no answer of Logto's\. Is \S+ the base URL of your Logto/,
    ],
    [
      'has no Management API',
      afterToken(200, '<html>Welcome</html>'),
      /^What \S+ answered to \/api\/resources is no answer of Logto's Management API\.\n$/,
    ],
  ])('ends with 1 and a plain sentence where what answers %s', async (_case, answer, sentence) => {
    await open();
    const server = await Recorder.start(answer);
    const { output, told, exitCode } = await provisionHere(server.url);
    expect(told).toMatch(sentence);
    expect({ output, exitCode }).toEqual({ output: '', exitCode: 1 });
    await server.stop();
  });

  it('names the admin tenant of Logto, where the Management API refuses its token', {
    timeout: 20_000,
  }, async () => {
    await open();
    // Tokens are had there, with its own issuer, and are none for the API at that address.
    const admin: Recorder = await Recorder.start((req, res) => {
      res.setHeader('content-type', 'application/json');
      if (req.url === '/oidc/token') {
        const claims = Buffer.from(JSON.stringify({ iss: `${admin.url}/oidc` })).toString('base64url');
        const answer = {
          access_token: `e30.${claims}.c2ln`,
          token_type: 'Bearer',
          expires_in: 3600,
          scope: 'all',
        };
        return void res.end(JSON.stringify(answer));
      }
      const body = {
        code: 'auth.unauthorized',
        message: 'Unauthorized. Please check credentials and its scope.',
      };
      res.writeHead(401).end(JSON.stringify(body));
    });
    const { output, told, exitCode } = await provisionHere(admin.url);
    expect(told).toMatch(
      /^Logto refused GET \/api\/resources\S* \(401\): Unauthorized\..*\n.* is \S+ the address of its Console \(port 3002 by default\)\? Set LOGTO_ENDPOINT/,
    );
    expect({ output, exitCode }).toEqual({ output: '', exitCode: 1 });
    await admin.stop();
  });

  it('says so where nobody is at the address', { timeout: 20_000 }, async () => {
    await open();
    const gone = await Recorder.start(() => {});
    await gone.stop();
    const { output, told, exitCode } = await provisionHere(gone.url);
    expect(told).toBe(`Logto gave no token: ${gone.url} cannot be reached (ECONNREFUSED).\n`);
    expect({ output, exitCode }).toEqual({ output: '', exitCode: 1 });
  });

  it.each<[string, () => Record<string, string>, RegExp]>([
    [
      'settings are missing',
      () => ({ LOGTO_APP_SECRET: '' }),
      /^LOGTO_APP_SECRET not set\.\n\nGives a Logto/,
    ],
    [
      'the secret is wrong',
      () => ({ LOGTO_APP_SECRET: 'no' }),
      /\(invalid_client\)\. The secret is not that of app/,
    ],
    [
      'the tenant is another',
      () => ({ LOGTO_TENANT_ID: 'other' }),
      /\(invalid_target\)[\s\S]*With Logto Cloud, set LOGTO_TENANT_ID to the tenant's id\./,
    ],
    [
      'the app may not use the Management API',
      () => {
        const { id } = logto.addApp('stranger');
        return { LOGTO_APP_ID: id, LOGTO_APP_SECRET: logto.app('stranger').secret };
      },
      /^Logto granted less than was asked for\. No role of app \w+ grants all: assign it a machine-to-machine role .* Nothing was changed\.\n$/,
    ],
    [
      'the secret ends with a line break',
      () => ({ LOGTO_APP_SECRET: `${logto.app().secret}\n` }),
      /`appSecret` ends with a line break\. Logto accepts printable ASCII alone\./,
    ],
  ])('ends with 1 and a plain sentence where %s', { timeout: 20_000 }, async (_case, env, sentence) => {
    await open();
    const { output, told, exitCode } = await provision(env());
    expect(told).toMatch(sentence);
    expect(told).not.toMatch(/\n {4}at /);
    expect({ output, exitCode }).toEqual({ output: '', exitCode: 1 });
  });
});
