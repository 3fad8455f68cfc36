import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogtoAuth, type LogtoAuth, type LogtoAuthOptions } from '../../src/index.js';
import type { TestLogto } from '../../src/testing/index.js';
import { DigestMemo } from '../../src/verification/digest-memo.js';
import { eventually } from '../support/eventually.js';
import { AUDIENCE, forgedToken, now, ownLogto, readingToken } from '../support/logto.js';
import { elapse, resultOf, travel } from '../support/result.js';

const digests = vi.hoisted(() => ({ count: 0 }));

// The real digest with a counter, since its use cannot be observed from outside.
vi.mock('../../src/verification/token-cache.js', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../src/verification/token-cache.js')>();
  const digestOf: typeof original.digestOf = (text) => {
    digests.count += 1;
    return original.digestOf(text);
  };
  return { ...original, digestOf };
});

/** A WeakRef whose target stays until the test collects it. */
class Held {
  static readonly all: Held[] = [];
  #target: object | undefined;

  constructor(target: object) {
    this.#target = target;
    Held.all.push(this);
  }

  static collect(): void {
    for (const held of Held.all.splice(0)) held.#target = undefined;
  }

  deref(): object | undefined {
    return this.#target;
  }
}

beforeEach(() => void vi.stubGlobal('WeakRef', Held));
afterEach(() => void vi.unstubAllGlobals());

/** A copy of the text at another place in memory, as each request has one. */
const again = (text: string): string => Buffer.from(text).toString();

describe('the memo', () => {
  const signature = 'a'.repeat(50) + 'b'.repeat(12);

  it('recognizes the same text, also at another place in memory', () => {
    const memo = new DigestMemo(10);
    expect(memo.get(`header.payload.${signature}`)).toBeUndefined();
    memo.set(`header.payload.${signature}`, 'digest');
    expect(memo.get(again(`header.payload.${signature}`))).toBe('digest');
  });

  it.each([
    ['another text with the same end', `header.Payload.${signature}`],
    ['a longer text', `xheader.payload.${signature}`],
    ['the end of the text', 'b'.repeat(12)],
    ['a text with another end', `header.payload.${signature.slice(0, -1)}c`],
    ['an empty text', ''],
  ])('does not recognize %s', (_what, text) => {
    const memo = new DigestMemo(10);
    memo.set(`header.payload.${signature}`, 'digest');
    expect(memo.get(text)).toBeUndefined();
  });

  it('keeps the later of two texts with the same end', () => {
    const memo = new DigestMemo(10);
    memo.set(`one.${signature}`, 'first');
    memo.set(`two.${signature}`, 'second');
    expect([memo.get(`one.${signature}`), memo.get(`two.${signature}`)]).toEqual([undefined, 'second']);
  });

  it('forgets a text after garbage collection, and can store it again', () => {
    const memo = new DigestMemo(10);
    memo.set(signature, 'digest');
    Held.collect();
    expect(memo.get(signature)).toBeUndefined();
    memo.set(signature, 'digest');
    expect(memo.get(signature)).toBe('digest');
  });

  it('keeps the other texts when it stores one again, even if it is full', () => {
    const memo = new DigestMemo(2);
    for (const text of ['one', 'two', 'one']) memo.set(`${text}${signature}${text}`, text);
    expect(['one', 'two'].map((text) => memo.get(`${text}${signature}${text}`))).toEqual(['one', 'two']);
  });

  it('stores no more than its maximum, and is emptied when it is full', () => {
    const memo = new DigestMemo(2);
    const texts = ['1', '2', '3'].map((end) => signature + end);
    for (const text of texts.slice(0, 2)) memo.set(text, text);
    expect(texts.map((text) => memo.get(text))).toEqual([texts[0], texts[1], undefined]);
    memo.set(texts[2] as string, texts[2] as string);
    expect(texts.map((text) => memo.get(text))).toEqual([undefined, undefined, texts[2]]);
  });
});

describe('a token that is sent again', () => {
  let logto: TestLogto;

  beforeEach(async () => {
    logto = await ownLogto();
  });
  afterEach(() => void vi.useRealTimers());

  const instance = (options: LogtoAuthOptions = {}): LogtoAuth =>
    createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE, ...options });

  /** Verifies the token until the memo has its text. */
  async function makeKnown(auth: LogtoAuth, token: string): Promise<void> {
    for (let i = 0; i < 2; i += 1) expect(await resultOf(auth, again(token))).toBe('ok');
  }

  /** The number of digests that this work takes. */
  async function digestsOf(work: () => Promise<unknown>): Promise<number> {
    const before = digests.count;
    await work();
    return digests.count - before;
  }

  it('needs no digest from the third time on, and counts as a hit', async () => {
    const auth = instance();
    const token = await readingToken(logto);
    const counts: number[] = [];
    for (let i = 0; i < 4; i += 1) counts.push(await digestsOf(() => auth.verify(again(token))));
    expect(counts).toEqual([1, 1, 0, 0]);
    expect(auth.health().tokenCache).toMatchObject({ hits: 3, misses: 1, size: 1 });
  });

  it('is stored in the memo once, and again after a garbage collection', async () => {
    const set = vi.spyOn(DigestMemo.prototype, 'set');
    const auth = instance();
    const token = await readingToken(logto);
    for (let i = 0; i < 5; i += 1) await auth.verify(again(token));
    expect(set).toHaveBeenCalledTimes(1);
    Held.collect();
    const counts: number[] = [];
    for (let i = 0; i < 2; i += 1) counts.push(await digestsOf(() => auth.verify(again(token))));
    expect(counts).toEqual([1, 0]);
    expect(set).toHaveBeenCalledTimes(2);
    set.mockRestore();
  });

  it('needs a digest each time if the cache is off', async () => {
    const auth = instance({ tokenCache: false });
    const token = await readingToken(logto);
    for (let i = 0; i < 4; i += 1) expect(await digestsOf(() => auth.verify(again(token)))).toBe(1);
  });

  it('is not stored in the memo if it is refused, however often it is sent', async () => {
    const set = vi.spyOn(DigestMemo.prototype, 'set');
    const auth = instance();
    const refused = {
      not_jwt: 'garbage',
      signature: await forgedToken(logto),
      expired: await readingToken(logto, { expiresIn: -60 }),
      audience: await readingToken(logto, { audience: 'https://other.api' }),
      unknown_key: await readingToken(logto, { header: { kid: 'made-up' } }),
    };
    for (const [reason, token] of Object.entries(refused)) {
      for (let i = 0; i < 3; i += 1) expect(await resultOf(auth, token)).toBe(reason);
    }
    expect(set).not.toHaveBeenCalled();
    set.mockRestore();
  });

  it('is refused once it is expired', async () => {
    const auth = instance();
    const token = await readingToken(logto, { expiresIn: 60 });
    await makeKnown(auth, token);
    expect(await digestsOf(() => resultOf(auth, again(token)))).toBe(0);
    travel(120);
    expect(await resultOf(auth, again(token))).toBe('expired');
  });

  it('is refused if another audience, permission or organization is required', async () => {
    const auth = instance();
    const token = await readingToken(logto);
    await makeKnown(auth, token);
    expect(await resultOf(auth, token, { audience: 'https://other.api' })).toBe('audience');
    expect(await resultOf(auth, token, { scopes: ['write:products'] })).toBe('scope');
    expect(await resultOf(auth, token, { organization: 'required' })).toBe('organization');
    expect(await resultOf(auth, token)).toBe('ok');
  });

  it('is refused once it is revoked, and isRevoked is called each time', async () => {
    const isRevoked = vi.fn(() => false);
    const auth = instance({ isRevoked });
    const token = await readingToken(logto);
    await makeKnown(auth, token);
    isRevoked.mockReturnValueOnce(true);
    expect(await resultOf(auth, again(token))).toBe('revoked');
    expect(isRevoked).toHaveBeenCalledTimes(3);
  });

  it('is refused once its key is withdrawn, and is verified again after it was evicted', async () => {
    const auth = instance({ tokenCache: { max: 1 } });
    const token = await readingToken(logto, { claims: { exp: now() + 86_400 } });
    await makeKnown(auth, token);
    await makeKnown(auth, await readingToken(logto));
    expect(auth.health().tokenCache).toMatchObject({ hits: 2, misses: 2 });
    await makeKnown(auth, token);
    expect(auth.health().tokenCache).toMatchObject({ hits: 3, misses: 3 });
    const { keyRequests } = logto;
    await logto.rotateKeys({ keepPrevious: false });
    travel(601);
    expect(await resultOf(auth, again(token))).toBe('ok');
    await eventually(() => expect(logto.keyRequests).toBe(keyRequests + 1));
    elapse(2);
    await eventually(async () => expect(await resultOf(auth, again(token))).toBe('unknown_key'));
  });

  it('does not make another text with the same end valid', async () => {
    const auth = instance();
    const token = await readingToken(logto);
    await makeKnown(auth, token);
    const [header, , signature] = token.split('.') as [string, string, string];
    const [, payload] = (await readingToken(logto, { scopes: 'write:products' })).split('.');
    expect(await resultOf(auth, `${header}.${payload}.${signature}`)).toBe('signature');
    const first = signature.startsWith('A') ? 'B' : 'A';
    const [start] = token.split(signature);
    expect(await resultOf(auth, `${start}${first}${signature.slice(1)}`)).toBe('signature');
    expect(await digestsOf(() => resultOf(auth, again(token)))).toBe(0);
  });
});
