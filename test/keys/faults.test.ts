import Keyv from 'keyv';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogtoAuth, type JwksCacheOptions, type LogtoAuth } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { AUDIENCE, now } from '../support/logto.js';
import { elapse, resultOf } from '../support/result.js';
import { createSigningKey } from '../support/signing.js';
import { type KeyAnswer, ownIssuer, type TestIssuer } from '../support/test-issuer.js';

/** Replaces the pause before the retry of a fetch. */
let pause = async (): Promise<void> => {};
vi.mock('../../src/util/pause.js', () => ({ pause: () => pause() }));

let issuer: TestIssuer;

beforeEach(async () => {
  issuer = await ownIssuer();
});
afterEach(() => {
  vi.useRealTimers();
  pause = async () => {};
});

const instance = (jwksCache: JwksCacheOptions = {}): LogtoAuth =>
  createLogtoAuth({
    endpoint: issuer.endpoint,
    audience: AUDIENCE,
    jwksCache,
  });

const token = (parts: Parameters<TestIssuer['token']>[0] = {}) =>
  issuer.token({ ...parts, claims: { exp: now() + 1_000_000 } });

async function settled(auth: LogtoAuth): Promise<void> {
  await eventually(() => expect(auth.health().issuers[0]?.lastError).toBeDefined());
}

const html: KeyAnswer = (res) => res.setHeader('content-type', 'text/html').end('<html>Sign in</html>');
/** What Logto or a proxy in front of it can do wrong; undefined: nothing listens on the port. */
const faults: [fault: string, answer: KeyAnswer | undefined, error: RegExp][] = [
  // If an idle connection was kept open, the error says that it was closed.
  ['a refused connection', undefined, /ECONNREFUSED|ECONNRESET|closed/],
  ['a reset connection', (res) => res.destroy(), /./],
  ['status 204', (res) => res.writeHead(204).end(), /responded with status 204/],
  ['status 500', (res) => res.writeHead(500).end(), /responded with status 500/],
  ['status 404', (res) => res.writeHead(404).end('{"keys":[]}'), /responded with status 404/],
  [
    'a redirect',
    (res) => res.writeHead(302, { location: 'https://evil.example/jwks' }).end(),
    /responded with status 302/,
  ],
  ['HTML', html, /its body is not JSON/],
  ['truncated JSON', (res) => res.end('{"keys":[{"kty":'), /its body is not JSON/],
  [
    'a connection that closes before the end of the body',
    (res) => {
      res.writeHead(200, { 'content-length': 500 }).write('{"keys"');
      setTimeout(() => res.destroy(), 10);
    },
    /./,
  ],
  ['an empty key set', (res) => res.end('{"keys":[]}'), /no key that can verify a signature/],
  ['an object without keys', (res) => res.end('{"error":"x"}'), /not a JWK Set/],
  ['a list', (res) => res.end('[]'), /not a JWK Set/],
  ['null', (res) => res.end('null'), /not a JWK Set/],
  [
    'only encryption keys',
    (res) => res.end(JSON.stringify({ keys: [{ ...createSigningKey().publicJwk, use: 'enc' }] })),
    /no key that can verify a signature/,
  ],
  [
    '101 keys',
    (res) => res.end(JSON.stringify({ keys: Array(101).fill(createSigningKey().publicJwk) })),
    /more than 100 keys/,
  ],
  [
    'ten megabytes',
    (res) => {
      const chunk = ' '.repeat(64 * 1024);
      const more = (): boolean => !res.destroyed && res.write(chunk, () => setImmediate(more));
      more();
    },
    /larger than 256 KiB/,
  ],
  ['no response at all', () => {}, /no complete response arrived in time/],
  [
    'one byte at a time',
    (res) => {
      const drip = setInterval(() => res.write(' '), 50);
      res.on('close', () => clearInterval(drip));
    },
    /no complete response arrived in time/,
  ],
];

// Each state of the keys in which a refresh can fail, combined with each kind of failure.
describe.each(faults)('when the key request results in %s', (_fault, answer, error) => {
  const isHanging = error.source.includes('no complete response');
  /** Only a response that hangs takes all of this time, in seconds. */
  const timeout = isHanging ? 0.6 : 5;

  /** Makes every further key request fail. */
  async function fail(): Promise<void> {
    if (answer === undefined) await issuer.goDown();
    else issuer.answer = answer;
  }

  it('refuses tokens with 503 while no keys are held', async () => {
    await fail();
    const auth = instance({ timeout });
    const refused = await auth.verify(token()).catch((thrown) => thrown);
    expect(refused).toMatchObject({ status: 503, reason: 'keys_unavailable' });
    expect(refused.hint).toMatch(error);
    expect(Number(refused.headers['Retry-After'])).toBeOneOf([1, 2]);
    expect(auth.health()).toMatchObject({
      ready: false,
      issuers: [{ lastError: expect.stringMatching(error) }],
    });
  });

  it('accepts tokens without delay while the keys are older than maxAge', async () => {
    const auth = instance({ timeout: 2 });
    await auth.ready();
    const known = token();
    await auth.verify(known);
    await fail();
    elapse(601);
    const began = performance.now();
    expect([await resultOf(auth, known), await resultOf(auth, token())]).toEqual(['ok', 'ok']);
    expect(performance.now() - began).toBeLessThan(1_000);
    await settled(auth);
    expect(auth.health()).toMatchObject({
      ready: true,
      issuers: [{ stale: true, lastError: expect.stringMatching(error) }],
    });
    expect([await resultOf(auth, known), await resultOf(auth, token())]).toEqual(['ok', 'ok']);
  });

  it('accepts tokens after an idle period, and only the first request waits', async () => {
    const auth = instance({ timeout: 2 });
    await auth.ready();
    const known = token();
    await auth.verify(known);
    await fail();
    elapse(80_000);
    expect([await resultOf(auth, known), await resultOf(auth, token())]).toEqual(['ok', 'ok']);
    const began = performance.now();
    expect([await resultOf(auth, known), await resultOf(auth, token())]).toEqual(['ok', 'ok']);
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it('refuses tokens once the keys are older than maxAge plus maxStale', async () => {
    const auth = instance({ timeout });
    await auth.ready();
    const known = token();
    await auth.verify(known);
    await fail();
    elapse(600 + 86_400);
    expect([await resultOf(auth, known), await resultOf(auth, token())]).toEqual([
      'keys_unavailable',
      'keys_unavailable',
    ]);
    expect(auth.health()).toMatchObject({ ready: false, issuers: [{ keyIds: [] }] });
  });

  it('refuses a token with an unknown key id with 503, not 401', async () => {
    const auth = instance({ timeout });
    await auth.ready();
    await fail();
    // By then the keys may be requested again for an unknown key id.
    elapse(2);
    expect(await resultOf(auth, token({ key: createSigningKey() }))).toBe('keys_unavailable');
    expect(auth.health().issuers[0]?.lastError).toMatch(error);
    expect(await resultOf(auth, token())).toBe('ok');
  });

  it('uses an old entry of the store', async () => {
    const store = new Keyv();
    await instance({ store }).ready();
    await fail();
    elapse(601);
    const auth = instance({ store, timeout });
    expect(await resultOf(auth, token())).toBe('ok');
    expect(auth.health().issuers[0]).toMatchObject({ stale: true, lastError: expect.stringMatching(error) });
  });

  it('uses the response to the retry if it arrives within the timeout', async () => {
    const auth = instance({ timeout });
    if (answer === undefined) {
      await issuer.goDown();
      pause = () => issuer.comeBack();
      expect(await resultOf(auth, token())).toBe('ok');
      return;
    }
    let answers = 0;
    issuer.answer = (res) => {
      answers += 1;
      if (answers === 1) answer(res);
      else issuer.sendKeys(res);
    };
    expect(await resultOf(auth, token())).toBe(isHanging ? 'keys_unavailable' : 'ok');
  });
});
