import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createM2MClient } from '../../src/client/index.js';
import { createLogtoAuth } from '../../src/index.js';
import { testLogto } from '../../src/testing/index.js';
import { shareTestLogto } from '../../src/testing/shared-logto.js';

const VARIABLE = 'EXPRESS_LOGTO_M2M_TEST_LOGTO';

/** Starts the shared Logto, and returns the environment of a process of the test run. */
async function start(env: NodeJS.ProcessEnv = {}): Promise<NodeJS.ProcessEnv> {
  await shareTestLogto(env);
  vi.stubEnv(VARIABLE, env[VARIABLE]);
  return env;
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

describe('the Logto of a test run', () => {
  it('sets the variables that guards read', async () => {
    const env = await start();
    const { endpoint, audience, issuer } = testLogto();
    expect(env).toMatchObject({ LOGTO_ENDPOINT: endpoint, LOGTO_AUDIENCE: audience });
    expect(issuer).toBe(`${endpoint}/oidc`);
    expect(audience).toBe('https://api.test');
  });

  it('uses the first value of an audience that is set, and overrides an endpoint that is set', async () => {
    const own = {
      LOGTO_AUDIENCE: 'https://shopping.api, https://other.api',
      LOGTO_ENDPOINT: 'https://a.example',
    };
    const env = await start(own);
    expect(env['LOGTO_AUDIENCE']).toBe('https://shopping.api');
    expect(env['LOGTO_ENDPOINT']).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('is started once, even if the set-up runs in several processes', async () => {
    const env = await start();
    const before = { ...env };
    await shareTestLogto(env);
    expect(env).toEqual(before);
  });

  it('causes an error that names the set-up file if it was not started', () => {
    vi.stubEnv(VARIABLE, undefined);
    expect(() => testLogto()).toThrow(/no Logto.*express-logto-m2m\/testing\/setup/);
  });
});

describe('testLogto()', () => {
  beforeEach(() => start());

  const verify = async (options?: Parameters<ReturnType<typeof testLogto>['issueToken']>[0]) => {
    const { endpoint, audience, issueToken } = testLogto();
    const auth = createLogtoAuth({ endpoint, audience });
    return auth.verify(await issueToken(options), { scopes: ['read:products'] });
  };

  it('issues tokens that guards accept', async () => {
    expect(await verify({ scopes: 'read:products', clientId: 'shop' })).toMatchObject({ clientId: 'shop' });
    await expect(verify()).rejects.toMatchObject({ reason: 'scope' });
  });

  it('issues tokens by the clock of the calling test', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
    expect(decodeJwt(await testLogto().issueToken())).toMatchObject({ iat: 1_800_000_000 });
  });

  it('rotates keys of every type', async () => {
    for (const alg of ['RS256', 'PS256', 'ES256', 'ES384', 'ES512']) {
      await testLogto().rotateKeys({ alg });
      expect(await verify({ scopes: 'read:products' })).toMatchObject({ clientId: 'test-app' });
    }
  });

  it('supports apps, keys and faults, although another process serves them', async () => {
    const { addApp, audience, currentKid, endpoint, issueToken, keySet, setKeyFault, setTokenFault } =
      testLogto();
    const app = await addApp({ scopes: 'read:products' });
    const ask = () =>
      createM2MClient({ ...app, endpoint, resource: audience, timeout: 0.2 }).getAccessToken();
    expect(await ask()).toMatchObject({ scopes: [] });
    expect((await keySet()).keys).toEqual([expect.objectContaining({ kid: await currentKid() })]);
    await setTokenFault({ status: 500 });
    await expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
    await setTokenFault();
    expect(await ask()).toMatchObject({ scopes: [] });
    await setKeyFault({ status: 500 });
    await expect(verify({ scopes: 'read:products' })).rejects.toMatchObject({ reason: 'keys_unavailable' });
    await setKeyFault();
    expect(await verify({ scopes: 'read:products' })).toMatchObject({ clientId: 'test-app' });
    await expect(setKeyFault({ code: 500 } as object)).rejects.toThrow(TypeError);
    const auth = createLogtoAuth({ endpoint, audience });
    await expect(auth.verify(await issueToken({ key: 'foreign' }))).rejects.toMatchObject({
      reason: 'unknown_key',
    });
  });

  it('can be stopped and started again', async () => {
    await testLogto().stop();
    await expect(verify({ scopes: 'read:products' })).rejects.toMatchObject({ reason: 'keys_unavailable' });
    await testLogto().start();
    expect(await verify({ scopes: 'read:products' })).toMatchObject({ clientId: 'test-app' });
  });

  it('throws for misspelt options, although another process reads them', async () => {
    const wrong = { scope: 'read:products' } as object;
    await expect(testLogto().issueToken(wrong)).rejects.toThrow(
      new TypeError('issueToken: unknown option `scope`. Did you mean `scopes`?'),
    );
    await expect(testLogto().rotateKeys({ algo: 'ES256' } as object)).rejects.toThrow(TypeError);
  });

  it('serves its signing key only at its secret address', async () => {
    const { control } = JSON.parse(process.env[VARIABLE] as string) as { control: string };
    const { origin } = new URL(control);
    for (const path of ['/', '/signing-key', '/x/signing-key', `${new URL(control).pathname}/toString`]) {
      expect((await fetch(origin + path, { method: 'POST', body: 'null' })).status).toBe(404);
    }
    expect((await fetch(`${control}/signing-key`, { method: 'POST', body: 'null' })).status).toBe(200);
  });
});
