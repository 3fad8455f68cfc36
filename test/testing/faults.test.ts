import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createM2MClient } from '../../src/client/index.js';
import { createLogtoAuth } from '../../src/index.js';
import { startTestLogto, type TestFault, type TestLogto } from '../../src/testing/index.js';
import { failureOf } from '../support/client.js';
import { resultOf } from '../support/result.js';

let logto: TestLogto;
beforeEach(async () => {
  logto = await startTestLogto();
});
afterEach(() => logto.stop());

const auth = (timeout = 0.5) =>
  createLogtoAuth({ endpoint: logto.endpoint, audience: logto.audience, jwksCache: { timeout } });

async function client(timeout = 0.5) {
  const app = await logto.addApp();
  return createM2MClient({ ...app, endpoint: logto.endpoint, resource: logto.audience, timeout });
}

const FAULTS: [what: string, fault: TestFault][] = [
  ['slow', { delay: 3 }],
  ['failing', { status: 500 }],
  ['sending HTML', { body: '<html>Bad gateway</html>' }],
  ['sending an empty key set', { body: { keys: [] } }],
];

describe('the key endpoint', () => {
  it.each(FAULTS)(
    'leaves guards without keys while it is %s, and works again afterwards',
    async (_what, fault) => {
      const token = await logto.issueToken();
      await logto.setKeyFault(fault);
      expect(await resultOf(auth(), token)).toBe('keys_unavailable');
      expect(logto.keyRequests).toBeGreaterThan(0);
      await logto.setKeyFault();
      expect(await resultOf(auth(), token)).toBe('ok');
    },
  );

  it('responds correctly after a delay', async () => {
    await logto.setKeyFault({ delay: 0.2 });
    const began = performance.now();
    expect(await resultOf(auth(5), await logto.issueToken())).toBe('ok');
    expect(performance.now() - began).toBeGreaterThan(190);
  });

  it('responds with the given status and body', async () => {
    const keys = `${logto.issuer}/jwks`;
    await logto.setKeyFault({ status: 418, body: { error: 'teapot' } });
    const json = await fetch(keys);
    expect([json.status, await json.json()]).toEqual([418, { error: 'teapot' }]);
    await logto.setKeyFault({ body: 'x' });
    const html = await fetch(keys);
    expect([html.status, html.headers.get('content-type'), await html.text()]).toEqual([
      200,
      'text/html; charset=utf-8',
      'x',
    ]);
  });

  it('can be stopped while a request waits for it', async () => {
    await logto.setKeyFault({ delay: 60 });
    const asked = fetch(`${logto.issuer}/jwks`);
    await logto.stop();
    await expect(asked).rejects.toThrow('fetch failed');
  });
});

describe('the token endpoint', () => {
  it.each<[what: string, fault: TestFault, code: string]>([
    ['slow', { delay: 3 }, 'timeout'],
    ['failing', { status: 503 }, 'unavailable'],
    ['sending HTML', { body: '<html>Sign in</html>' }, 'invalid_response'],
    ['refusing', { status: 400, body: { error: 'access_denied', error_description: 'no' } }, 'access_denied'],
  ])(
    'leaves an app without tokens while it is %s, and works again afterwards',
    async (_what, fault, code) => {
      await logto.setTokenFault(fault);
      expect(await failureOf((await client()).getAccessToken())).toMatchObject({ code });
      expect(logto.keyRequests).toBe(0);
      await logto.setTokenFault();
      expect(await (await client()).getAccessToken()).toMatchObject({ scopes: [] });
    },
  );
});

const circular: { self?: object } = {};
circular.self = circular;

describe('a TypeError is thrown for a wrong or misspelt option:', () => {
  it.each<[call: (logto: TestLogto) => Promise<unknown>, message: RegExp]>([
    [(one) => one.setKeyFault({ delay: -1 }), /^setKeyFault: `delay` must be a duration in seconds/],
    [(one) => one.setKeyFault({ delay: 5_000 }), /seconds \(not milliseconds\), from 0 to 3600, not 5000/],
    [(one) => one.setKeyFault({ status: 99 }), /`status` must be an HTTP status from 200 to 599, not 99/],
    [(one) => one.setTokenFault({ status: '500' } as never), /^setTokenFault: `status` must be/],
    [(one) => one.setTokenFault({ body: 5 } as never), /`body` must be a string or a JSON object, not 5/],
    [
      (one) => one.setTokenFault({ body: null } as never),
      /`body` must be a string or a JSON object, not null/,
    ],
    [(one) => one.setTokenFault({ statuss: 500 } as never), /Did you mean `status`\?/],
    [(one) => one.setKeyFault({ body: { a: 1n } }), /^setKeyFault: `body` cannot be serialized as JSON\.$/],
    [
      (one) => one.setTokenFault({ body: circular }),
      /^setTokenFault: `body` cannot be serialized as JSON\.$/,
    ],
    [(one) => one.addApp({ appSecret: 'x\n' }), /^addApp: `appSecret` ends with a line break/],
    [
      (one) => one.rotateKeys({ staged: true, keepPrevious: false }),
      /`keepPrevious` takes effect when the new key becomes the signing key/,
    ],
    [(one) => one.addApp({ appId: '' }), /^addApp: `appId` must be a string that is not empty/],
    [(one) => one.addApp({ appSecret: ' ' }), /`appSecret` must be/],
    [(one) => one.addApp({ scopes: ['a"b'] }), /characters that no scope may have/],
    [(one) => one.addApp({ organizations: ['o1'] } as never), /`organizations` must be an object/],
    [(one) => one.addApp({ organizations: { o1: [5] } } as never), /`organizations\.o1` must be a scope/],
    [(one) => one.addApp({ expiresIn: 0 }), /`expiresIn` must be a duration in seconds/],
    [(one) => one.addApp({ scope: 'a' } as never), /Did you mean `scopes`\?/],
    [(one) => one.issueToken({ key: 'other' } as never), /^issueToken: `key` must be 'current' or 'foreign'/],
    [(one) => one.rotateKeys({ staged: 1 } as never), /^rotateKeys: `staged` must be true or false, not 1/],
  ])('%s', async (call, message) => {
    const failure = await failureOf(call(logto));
    expect(failure).toBeInstanceOf(TypeError);
    expect(failure?.message).toMatch(message);
  });
});
