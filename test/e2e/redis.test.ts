import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createLogtoAuth, type LogtoAuth } from 'express-logto-m2m';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { askForToken, type Token } from '../../demo/src/tokens.js';
import { RedisConnection } from '../../example-server/redis/connection.js';
import { createKeyStore } from '../../example-server/redis/key-store.js';
import { shopDirectory } from '../local-issuer/directory.js';
import { type LocalIssuer, startLocalIssuer } from '../local-issuer/local-issuer.js';
import { eventually } from '../support/eventually.js';
import { Redis } from '../support/redis.js';
import { resultOf } from '../support/result.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const shoppingApi = 'https://shopping.api';
const directory = shopDirectory();

const notRevocable = {
  status: 503,
  retryAfter: '1',
  body: {
    error: 'temporarily_unavailable',
    error_description:
      'It cannot be checked at present whether the access token is revoked. Try again later.',
  },
};
const noKeys = {
  status: 503,
  retryAfter: expect.stringMatching(/^[1-5]$/),
  body: {
    error: 'temporarily_unavailable',
    error_description: 'The access token cannot be checked at the moment. Try again later.',
  },
};
const revoked = {
  status: 401,
  challenge:
    'Bearer realm="api", error="invalid_token", error_description="The access token has been revoked."',
  body: { error: 'invalid_token', error_description: 'The access token has been revoked.' },
};
const served = { status: 200, body: { products: expect.any(Array) } };

const children: ChildProcess[] = [];
const connections: RedisConnection[] = [];
let redis: Redis;
let logto: LocalIssuer;
let statistics: Token;
let catalog: Token;

/** Runs a built program of the example in a separate process. */
function run(program: string, args: string[] = [], env: object = {}) {
  const { LOGTO_ENDPOINT, LOGTO_AUDIENCE, REDIS_URL, ...inherited } = process.env;
  const child = spawn(process.execPath, [`example-server/dist/${program}.js`, ...args], {
    cwd: root,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  return child;
}

/** One process of the API. */
interface Replica {
  child: ChildProcess;
  url: string;
  /** Everything it has printed so far to stdout and stderr. */
  output: () => string;
}

async function startReplica(env: object = {}): Promise<Replica> {
  const settings = { LOGTO_ENDPOINT: logto.endpoint, LOGTO_AUDIENCE: shoppingApi, REDIS_URL: redis.url };
  const child = run('main', [], { PORT: '0', ...settings, ...env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
  }
  await vi.waitFor(() => expect(output).toContain('Ctrl-C stops'), 30_000);
  return { child, url: output.match(/http:\S+/)?.[0] ?? '', output: () => output };
}

/** Starts a replica that has fetched the keys of Logto and stored them in Redis. */
async function startReadyReplica(): Promise<Replica> {
  const replica = await startReplica();
  await eventually(async () => expect((await fetch(`${replica.url}/readyz`)).status).toBe(200));
  expect(await products(replica, statistics)).toMatchObject(served);
  return replica;
}

/** Requests the products; the response must arrive within two seconds. */
async function products({ url }: Pick<Replica, 'url'>, token?: Token) {
  const began = performance.now();
  const response = await fetch(`${url}/products`, {
    headers: token ? { authorization: `Bearer ${token.text}` } : {},
  });
  const body: unknown = await response.json();
  expect(performance.now() - began).toBeLessThan(2_000);
  const { status, headers } = response;
  return { status, body, retryAfter: headers.get('retry-after'), challenge: headers.get('www-authenticate') };
}

async function stop({ child }: Replica): Promise<unknown> {
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  return ended;
}

const revoke = (...args: string[]) => outcome(run('revoke', args, { REDIS_URL: redis.url }));

async function outcome(child: ReturnType<typeof run>) {
  const [output, errors, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { exitCode, output, errors };
}

const timesSaid = (replica: Replica, what: string) => replica.output().split(what).length - 1;

async function tokenOf(name: string): Promise<Token> {
  const app = directory.applications.find((candidate) => candidate.name === name);
  if (!app) throw new Error(`no app ${name}`);
  return askForToken(logto.issuer, app, { resource: shoppingApi, scope: 'read:products' });
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('the revoke command without Redis', () => {
  const nowhere = 'redis://127.0.0.1:9';

  test.each([
    [[], 'Pass app or token.'],
    [['user', 'x'], 'Pass app or token.'],
    [['app'], 'Pass the id of the app.'],
    [['undo', 'token', ''], 'Pass the id of the token.'],
    [['app', 'x', '60'], 'Unexpected argument "60".'],
    [['undo', 'token', 'x', '60'], 'Unexpected argument "60".'],
    [['token', 'x', '60', 'y'], 'Unexpected argument "y".'],
    [['token', 'x', '0'], '"0" is not a number of seconds.'],
    [['token', 'x', '1h'], '"1h" is not a number of seconds.'],
    [['token', 'eyJhbGciOiJFUzM4NCJ9.e30.c2ln'], 'Pass the jti of the token, not the token.'],
    [['--for', '60', 'token', 'x'], "Unknown option '--for'"],
  ])('refuses %j', async (args, complaint) => {
    const { exitCode, output, errors } = await outcome(run('revoke', args, { REDIS_URL: nowhere }));
    expect({ exitCode, output }).toEqual({ exitCode: 2, output: '' });
    expect(errors).toContain(complaint);
    expect(errors).toContain('revoke.js app <client id>');
  });

  test('prints its usage with --help', async () => {
    const { exitCode, output, errors } = await outcome(run('revoke', ['--help']));
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
    expect(output).toContain('revoke.js undo token <jti>');
  });

  test('exits with 2 if REDIS_URL is not set', async () => {
    const { exitCode, errors } = await outcome(run('revoke', ['app', 'x']));
    expect(exitCode).toBe(2);
    expect(errors).toContain('REDIS_URL is not set.');
  });
});

test.each(['http://:open-sesame@127.0.0.1', ':open-sesame@'])(
  'reports in one line that %s is not an address of Redis',
  async (REDIS_URL) => {
    const settings = { LOGTO_ENDPOINT: 'http://127.0.0.1:9', PORT: '0', REDIS_URL };
    expect(await outcome(run('main', [], settings))).toEqual({
      exitCode: 1,
      output: '',
      errors: 'REDIS_URL must be an address such as redis://127.0.0.1:6379.\n',
    });
  },
);

const suite = Redis.isMissing ? 'with Redis (skipped: redis-server is not installed)' : 'with Redis';

describe.skipIf(Redis.isMissing)(suite, () => {
  beforeEach(async () => {
    [redis, logto] = await Promise.all([Redis.start(), startLocalIssuer({ directory })]);
    [statistics, catalog] = await Promise.all([tokenOf('statistics-service'), tokenOf('catalog-service')]);
  });
  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.close();
    await Promise.all([Redis.killAll(), logto.stop()]);
  });

  describe('a replica that has never reached Logto', () => {
    test('serves with the keys that another replica fetched, while Logto is down', async () => {
      const first = await startReadyReplica();
      await logto.stop();
      const second = await startReplica();

      expect(await products(second, statistics)).toMatchObject(served);
      expect(await products(second, catalog)).toMatchObject(served);
      expect(await products(first, catalog)).toMatchObject(served);
      expect((await fetch(`${second.url}/readyz`)).status).toBe(200);
      await eventually(async () =>
        expect(await (await fetch(`${second.url}/healthz`)).json()).toMatchObject({
          ready: true,
          issuers: [{ keyIds: [expect.any(String)], lastError: expect.any(String) }],
        }),
      );
      expect(await products(second)).toMatchObject({ status: 401, body: { error: 'unauthorized' } });
      const altered = { ...statistics, text: `${statistics.text.slice(0, -8)}AAAAAAAA` };
      expect(await products(second, altered)).toMatchObject({
        status: 401,
        body: {
          error: 'invalid_token',
          error_description: 'The signature of the access token is not valid.',
        },
      });
    });

    test('returns 503 if it does not use Redis', async () => {
      await startReadyReplica();
      await logto.stop();
      const second = await startReplica({ REDIS_URL: '' });
      expect(await products(second, statistics)).toMatchObject(noKeys);
      expect((await fetch(`${second.url}/readyz`)).status).toBe(503);
    });

    test('returns 503 while Redis is down too, as does a replica that has the keys', async () => {
      const first = await startReadyReplica();
      await Promise.all([logto.stop(), redis.kill()]);
      const second = await startReplica();

      expect(await products(second, statistics)).toMatchObject(noKeys);
      // The first replica can verify the token, but cannot check whether it is revoked.
      expect(await products(first, statistics)).toMatchObject(notRevocable);
      for (const replica of [first, second]) {
        expect(await products(replica)).toMatchObject({ status: 401, body: { error: 'unauthorized' } });
        expect(timesSaid(replica, 'Redis cannot be reached')).toBe(1);
        expect(await stop(replica)).toEqual([0, null]);
      }
    });

    test('starts while Redis hangs and serves once Redis continues', async () => {
      await startReadyReplica();
      await logto.stop();
      redis.hang();
      const second = await startReplica();
      expect(await products(second, statistics)).toMatchObject(noKeys);
      redis.goOn();
      await vi.waitFor(async () => expect(await products(second, statistics)).toMatchObject(served), 10_000);
      expect(timesSaid(second, 'Redis cannot be reached')).toBe(1);
      expect(timesSaid(second, 'Redis can be reached again')).toBe(1);
    });
  });

  describe('the key store alone, without a revocation list', () => {
    /** Creates the LogtoAuth of a replica that uses Redis only for its keys. */
    async function createAuth(): Promise<LogtoAuth> {
      const connection = await RedisConnection.open(redis.url, { lost() {}, back() {} });
      connections.push(connection);
      return createLogtoAuth({
        endpoint: logto.endpoint,
        audience: shoppingApi,
        jwksCache: { store: createKeyStore(connection) },
      });
    }

    /** Creates a LogtoAuth that has fetched the keys and stored them in Redis. */
    async function createReadyAuth(): Promise<LogtoAuth> {
      const auth = await createAuth();
      await auth.ready();
      const [connection] = connections;
      await eventually(async () => expect(await connection?.client.dbSize()).toBe(1));
      return auth;
    }

    test('lets only replicas with keys serve while Logto and Redis are down', async () => {
      const first = await createReadyAuth();
      await logto.stop();
      const second = await createAuth();
      await redis.kill();
      expect(await resultOf(first, statistics.text)).toBe('ok');
      // The second replica was connected to Redis, but had not read any keys.
      expect(await resultOf(second, statistics.text)).toBe('keys_unavailable');
      await expect(second.verify(statistics.text)).rejects.toMatchObject({
        status: 503,
        headers: { 'Retry-After': expect.stringMatching(/^[1-5]$/) },
      });
      expect(await resultOf(await createAuth(), statistics.text)).toBe('keys_unavailable');
    });

    test('delays no request by more than 1.5 seconds while Redis hangs', async () => {
      const first = await createReadyAuth();
      const second = await createAuth();
      redis.hang();
      expect(await resultOf(first, statistics.text)).toBe('ok');
      // Logto is up, so Redis is not needed.
      expect(await resultOf(second, statistics.text)).toBe('ok');
      await logto.stop();
      const third = await createAuth();
      const began = performance.now();
      expect(await resultOf(third, statistics.text)).toBe('keys_unavailable');
      expect(performance.now() - began).toBeLessThan(1_500);

      redis.goOn();
      await vi.waitFor(async () => expect(await resultOf(third, statistics.text)).toBe('ok'), 10_000);
    });
  });

  describe('the revocation list', () => {
    test('refuses an app on every replica from the next request until it is undone', async () => {
      const replicas = await Promise.all([startReadyReplica(), startReadyReplica()]);
      const app = String(statistics.claims['client_id']);

      const done = { exitCode: 0, errors: '' };
      expect(await revoke('app', app)).toEqual({ ...done, output: `Revoked: app ${app}.\n` });
      for (const replica of replicas) {
        expect(await products(replica, statistics)).toMatchObject(revoked);
        expect(await products(replica, await tokenOf('statistics-service'))).toMatchObject(revoked);
        expect(await products(replica, catalog)).toMatchObject(served);
      }

      expect(await revoke('undo', 'app', app)).toEqual({
        ...done,
        output: `No longer revoked: app ${app}.\n`,
      });
      for (const replica of replicas) expect(await products(replica, statistics)).toMatchObject(served);
      expect(await revoke('undo', 'app', app)).toEqual({ ...done, output: `Was not revoked: app ${app}.\n` });
    });

    test('refuses a token, but no other token of its app', async () => {
      const replicas = await Promise.all([startReadyReplica(), startReadyReplica()]);
      const jti = String(statistics.claims['jti']);
      const sibling = await tokenOf('statistics-service');

      expect(await revoke('token', jti)).toMatchObject({ exitCode: 0, output: `Revoked: token ${jti}.\n` });
      for (const replica of replicas) {
        expect(await products(replica, statistics)).toMatchObject(revoked);
        expect(await products(replica, sibling)).toMatchObject(served);
      }

      expect(await revoke('undo', 'token', jti)).toMatchObject({ exitCode: 0 });
      for (const replica of replicas) expect(await products(replica, statistics)).toMatchObject(served);
    });

    test('does not confuse token ids with app ids', async () => {
      const replica = await startReadyReplica();
      await revoke('app', String(statistics.claims['jti']));
      await revoke('token', String(statistics.claims['client_id']));
      expect(await products(replica, statistics)).toMatchObject(served);
    });

    test('accepts ids that look like options', async () => {
      const what = ['token', '-WZ8tuFvAtWjtbYUWb0cU'];
      expect(await revoke(...what)).toMatchObject({ exitCode: 0, output: `Revoked: ${what.join(' ')}.\n` });
      expect(await revoke('undo', ...what)).toMatchObject({ exitCode: 0 });
    });

    test('accepts a token again after the given number of seconds', async () => {
      const replica = await startReadyReplica();
      const jti = String(statistics.claims['jti']);
      expect(await revoke('token', jti, '6')).toMatchObject({
        exitCode: 0,
        output: `Revoked for 6 seconds: token ${jti}.\n`,
      });
      expect(await products(replica, statistics)).toMatchObject(revoked);
      await eventually(async () => expect(await products(replica, statistics)).toMatchObject(served));
    });
  });

  describe('the revoke command', () => {
    test('exits with 1 if Redis has not confirmed the change', async () => {
      const failed = (why: string) => ({
        exitCode: 1,
        output: '',
        errors: `Redis did not confirm the change: ${why}.\n`,
      });
      redis.hang();
      expect(await revoke('app', 'x')).toEqual(failed('no connection within a second'));
      await redis.kill();
      expect(await revoke('app', 'x')).toEqual(failed(`connect ECONNREFUSED 127.0.0.1:${redis.port}`));
    });
  });

  describe('a replica whose Redis fails', () => {
    test('serves 503 while Redis is dead and recovers once it is back', async () => {
      const replica = await startReadyReplica();
      await redis.kill();
      // This is long enough for several refused connections.
      for (let i = 0; i < 10; i += 1) {
        expect(await products(replica, statistics)).toMatchObject(notRevocable);
        await sleep(200);
      }
      expect((await fetch(`${replica.url}/healthz`)).status).toBe(200);

      await redis.restart();
      await vi.waitFor(async () => expect(await products(replica, statistics)).toMatchObject(served), 5_000);
      expect(timesSaid(replica, 'Redis cannot be reached')).toBe(1);
      expect(timesSaid(replica, 'Redis can be reached again')).toBe(1);
      expect(await stop(replica)).toEqual([0, null]);
    });

    test('serves 503 while Redis hangs and keeps the revocations', async () => {
      const replica = await startReadyReplica();
      await revoke('app', String(statistics.claims['client_id']));
      redis.hang();
      const answers = await Promise.all(Array.from({ length: 50 }, () => products(replica, catalog)));
      expect(answers).toEqual(answers.map(() => expect.objectContaining(notRevocable)));
      const began = performance.now();
      expect(await products(replica, catalog)).toMatchObject(notRevocable);
      expect(performance.now() - began).toBeLessThan(400);
      // After this time the client has dropped the connection, and the next one hangs too.
      await sleep(3_000);
      expect(await products(replica, catalog)).toMatchObject(notRevocable);

      redis.goOn();
      await vi.waitFor(async () => expect(await products(replica, catalog)).toMatchObject(served), 5_000);
      expect(await products(replica, statistics)).toMatchObject(revoked);
      expect(timesSaid(replica, 'Redis cannot be reached')).toBe(1);
      expect(timesSaid(replica, 'Redis can be reached again')).toBe(1);
      expect(await stop(replica)).toEqual([0, null]);
    });

    test('serves 503 while Redis hangs briefly and recovers within a second', async () => {
      const replica = await startReadyReplica();
      redis.hang();
      expect(await products(replica, statistics)).toMatchObject(notRevocable);
      redis.goOn();
      await vi.waitFor(async () => expect(await products(replica, statistics)).toMatchObject(served), 1_000);
      expect(timesSaid(replica, 'Redis cannot be reached')).toBe(1);
      expect(timesSaid(replica, 'Redis can be reached again')).toBe(1);
    });

    test.each(['dead', 'hanging', 'hanging for long'])(
      'exits with 0 within two seconds while Redis is %s',
      async (state) => {
        const replica = await startReadyReplica();
        if (state === 'dead') await redis.kill();
        else redis.hang();
        if (state === 'hanging for long') await sleep(3_000);
        const underWay = products(replica, statistics);
        await sleep(150);
        const began = performance.now();
        expect(await stop(replica)).toEqual([0, null]);
        expect(performance.now() - began).toBeLessThan(2_000);
        expect(await underWay).toMatchObject(notRevocable);
      },
    );

    test('serves 503 if Redis rejects the password, and never prints it', async () => {
      redis = await Redis.start('--requirepass', 'open-sesame');
      const address = `127.0.0.1:${redis.port}`;
      const without = await startReplica();
      const wrong = await startReplica({ REDIS_URL: `redis://:shut-sesame@${address}` });
      const right = await startReplica({ REDIS_URL: `redis://:open-sesame@${address}` });
      expect(await products(right, statistics)).toMatchObject(served);
      expect(await products(without, statistics)).toMatchObject(notRevocable);
      expect(await products(wrong, statistics)).toMatchObject(notRevocable);
      expect(without.output()).toContain(
        'Redis cannot be reached, so requests with a valid token get 503: NOAUTH',
      );
      expect(wrong.output()).toContain(
        'Redis cannot be reached, so requests with a valid token get 503: WRONGPASS',
      );
      expect(timesSaid(wrong, 'Redis cannot be reached')).toBe(1);
      expect(without.output() + wrong.output()).not.toContain('sesame');
    });
  });

  test('prints nothing about Redis if nothing fails, and exits with 0', async () => {
    const replica = await startReadyReplica();
    await sleep(2_500); // longer than the idle limit of a connection
    expect(await products(replica, statistics)).toMatchObject(served);
    expect(await stop(replica)).toEqual([0, null]);
    expect(replica.output().replaceAll(redis.url, '')).not.toMatch(/redis/i);
  });
});
