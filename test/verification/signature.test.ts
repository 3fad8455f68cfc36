import crypto, { constants, generateKeyPairSync, sign as nodeSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { CompactSign, compactVerify, exportJWK, generateKeyPair } from 'jose';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ALGORITHMS, VerificationKey } from '../../src/keys/verification-key.js';
import { type CompactJws, splitCompactJws } from '../../src/verification/compact-jws.js';
import { isSignedBy, threadsOf } from '../../src/verification/signature.js';

interface Vector {
  readonly from: string;
  readonly alg: string;
  readonly jwk: Record<string, string>;
  readonly jws: string;
}

const vectors: Vector[] = JSON.parse(
  readFileSync(new URL('../fixtures/rfc-signatures.json', import.meta.url), 'utf8'),
);

function keyOf(jwk: object): VerificationKey {
  const key = VerificationKey.fromJwk({ kid: 'key', ...jwk });
  if (typeof key === 'string') throw new Error('The test has no usable key.');
  return key;
}

function check(key: VerificationKey, alg: string, text: string): Promise<boolean> {
  const jws = splitCompactJws(text);
  if (jws === undefined) throw new Error('The test has no compact JWS.');
  return isSignedBy(key, alg, jws);
}

/** The same token with another signature. */
function withSignature(text: string, change: (signature: Buffer) => Buffer): string {
  const dot = text.lastIndexOf('.') + 1;
  return text.slice(0, dot) + change(Buffer.from(text.slice(dot), 'base64url')).toString('base64url');
}

it.each(vectors)('the $alg signature of $from is valid', async ({ alg, jwk, jws }) => {
  expect(await check(keyOf(jwk), alg, jws)).toBe(true);
});

describe.each(ALGORITHMS)('signatures made by jose with %s', (alg) => {
  let key: VerificationKey;
  let other: VerificationKey;
  let privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
  let jws: string;

  const sign = (payload: string, header = {}) =>
    new CompactSign(Buffer.from(payload)).setProtectedHeader({ alg, ...header }).sign(privateKey);

  beforeAll(async () => {
    const pair = await generateKeyPair(alg, { extractable: true });
    privateKey = pair.privateKey;
    key = keyOf(await exportJWK(pair.publicKey));
    other = keyOf(await exportJWK((await generateKeyPair(alg, { extractable: true })).publicKey));
    jws = await sign('{"sub":"app"}');
  });

  it('are valid for their key, whatever the length of the payload', async () => {
    for (const payload of ['{}', 'ä'.repeat(5_000)]) {
      expect(await check(key, alg, await sign(payload))).toBe(true);
    }
  });

  it('are invalid for another key', async () => {
    expect(await check(other, alg, jws)).toBe(false);
  });

  it('are invalid for another header or payload', async () => {
    const [header, payload, signature] = jws.split('.');
    const [otherHeader] = (await sign('{}', { kid: 'x' })).split('.');
    expect(await check(key, alg, `${otherHeader}.${payload}.${signature}`)).toBe(false);
    expect(await check(key, alg, `${header}.e30.${signature}`)).toBe(false);
    expect(await check(key, alg, `${payload}.${header}.${signature}`)).toBe(false);
  });

  it('are invalid if they are changed, shortened, extended, all zeros or all ones', async () => {
    const changes: ((signature: Buffer) => Buffer)[] = [
      (s) => Buffer.concat([Buffer.from([(s[0] ?? 0) ^ 1]), s.subarray(1)]),
      (s) => Buffer.concat([s.subarray(0, -1), Buffer.from([(s.at(-1) ?? 0) ^ 1])]),
      (s) => s.subarray(1),
      (s) => s.subarray(0, -1),
      (s) => s.subarray(0, s.length / 2),
      (s) => Buffer.concat([Buffer.alloc(1), s]),
      (s) => Buffer.concat([s, Buffer.alloc(1)]),
      (s) => Buffer.concat([s, s]),
      (s) => Buffer.alloc(s.length),
      (s) => Buffer.alloc(s.length, 0xff),
      () => Buffer.alloc(1),
    ];
    for (const change of changes) expect(await check(key, alg, withSignature(jws, change))).toBe(false);
  });

  it('are invalid for another algorithm of the same key', async () => {
    const kind = alg.startsWith('ES') ? 'ES' : '[RP]S';
    for (const wrong of ALGORITHMS.filter((name) => name !== alg && new RegExp(`^${kind}`).test(name))) {
      expect(await check(key, wrong, jws)).toBe(false);
    }
  });

  it('get the same result from jose, whether intact or altered', async () => {
    const altered = withSignature(jws, (s) =>
      Buffer.concat([s.subarray(0, -1), Buffer.from([(s.at(-1) ?? 0) ^ 1])]),
    );
    for (const text of [jws, altered]) {
      const verdict = await compactVerify(text, key.toKeyObject()).then(
        () => true,
        () => false,
      );
      expect(await check(key, alg, text)).toBe(verdict);
    }
  });
});

it.each(['PS256', 'PS384', 'PS512'])(
  'a signature by %s is valid only if its salt is as long as the digest',
  async (alg) => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = keyOf(publicKey.export({ format: 'jwk' }));
    const size = Number(alg.slice(2)) / 8;
    const input = 'e30.e30';
    const signed = (saltLength: number) => {
      const options = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
      return `${input}.${nodeSign(`sha${alg.slice(2)}`, Buffer.from(input), options).toString('base64url')}`;
    };
    expect(await check(key, alg, signed(size))).toBe(true);
    for (const saltLength of [0, 20, size - 1, size + 1]) {
      expect(await check(key, alg, signed(saltLength))).toBe(false);
    }
  },
);

it.each(['RS256', 'PS256'])('a signature by %s is invalid without its leading zero byte', async (alg) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = keyOf(publicKey.export({ format: 'jwk' }));
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const options = { key: privateKey, ...(alg === 'PS256' && pss) };
  // One in 256 signatures begins with a zero byte.
  for (let i = 0; ; i++) {
    const input = `e30.${Buffer.from(String(i)).toString('base64url')}`;
    const signature = nodeSign('sha256', Buffer.from(input), options);
    if (signature[0] !== 0) continue;
    expect(await check(key, alg, `${input}.${signature.toString('base64url')}`)).toBe(true);
    expect(await check(key, alg, `${input}.${signature.subarray(1).toString('base64url')}`)).toBe(false);
    break;
  }
});

describe('the thread pool', () => {
  afterEach(() => void vi.unstubAllEnvs());

  it.each([undefined, '1', '8'])(
    'of size %s gets three checks per thread at once, and the next one when a check ends',
    async (size) => {
      vi.stubEnv('UV_THREADPOOL_SIZE', size);
      vi.resetModules();
      const { isSignedBy } = await import('../../src/verification/signature.js');
      const atOnce = 3 * threadsOf(size);
      const { verify } = crypto;
      const done: (() => void)[] = [];
      crypto.verify = ((
        ...[, , , , callback]: [unknown, unknown, unknown, unknown, (e: null, ok: boolean) => void]
      ) => {
        done.push(() => callback(null, true));
      }) as unknown as typeof verify;
      syncBuiltinESMExports();
      try {
        const { alg, jwk, jws } = vectors[0] as Vector;
        const [key, parts] = [keyOf(jwk), splitCompactJws(jws) as CompactJws];
        const checks = Array.from({ length: 2 * atOnce }, () => isSignedBy(key, alg, parts));
        const settle = () => new Promise((resolve) => setImmediate(resolve));
        await settle();
        expect(done).toHaveLength(atOnce);
        done[0]?.();
        await settle();
        expect(done).toHaveLength(atOnce + 1);
        for (let i = 1; i < 2 * atOnce; i++) {
          done[i]?.();
          await settle();
        }
        expect(new Set(await Promise.all(checks))).toEqual(new Set([true]));
      } finally {
        crypto.verify = verify;
        syncBuiltinESMExports();
      }
    },
  );

  it.each([
    [undefined, 4],
    ['8', 8],
    ['-1', 1],
    ['0', 1],
    ['many', 1],
    ['5000', 1024],
  ])('with UV_THREADPOOL_SIZE=%s has %i threads', (size, threads) => {
    expect(threadsOf(size)).toBe(threads);
  });
});

it('simultaneous checks by different algorithms of one key do not affect each other', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = keyOf(publicKey.export({ format: 'jwk' }));
  const algorithms = ALGORITHMS.filter((alg) => !alg.startsWith('ES'));
  const signed = await Promise.all(
    algorithms.map((alg) => new CompactSign(Buffer.from('{}')).setProtectedHeader({ alg }).sign(privateKey)),
  );
  const checks = Array.from({ length: 5 }, () =>
    algorithms.flatMap((alg) => signed.map((text) => check(key, alg, text))),
  );
  const holds = algorithms.flatMap((_, i) => signed.map((_text, j) => i === j));
  for (const round of checks) expect(await Promise.all(round)).toEqual(holds);
});

it('Node reads a key once for each kind of signature, not for every check', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = keyOf(publicKey.export({ format: 'jwk' }));
  const read = vi.spyOn(key, 'toKeyObject');
  for (const alg of ['RS256', 'RS512', 'PS256', 'PS512', 'RS256']) {
    const text = await new CompactSign(Buffer.from('{}')).setProtectedHeader({ alg }).sign(privateKey);
    expect(await check(key, alg, text)).toBe(true);
  }
  expect(read).toHaveBeenCalledTimes(2);
});

it('a check fails with an error if Node cannot read the key, and the next check reads it again', async () => {
  const { alg, jwk, jws } = vectors[0] as Vector;
  const key = keyOf(jwk);
  vi.spyOn(key, 'toKeyObject').mockImplementationOnce(() => {
    throw new Error('no more memory');
  });
  await expect(check(key, alg, jws)).rejects.toThrow('no more memory');
  expect(await check(key, alg, jws)).toBe(true);
});

it.each<[how: string, verify: (failure: Error, ...args: unknown[]) => void]>([
  ['reports', (failure, ...args) => (args[4] as (error: Error) => void)(failure)],
  [
    'throws',
    (failure) => {
      throw failure;
    },
  ],
])('a check fails with the error that Node %s, and does not block other checks', async (_how, fail) => {
  const { verify } = crypto;
  const failure = new Error('no such digest');
  const { alg, jwk, jws } = vectors[0] as Vector;
  crypto.verify = ((...args: unknown[]) => fail(failure, ...args)) as unknown as typeof verify;
  syncBuiltinESMExports();
  try {
    for (let i = 0; i <= 3 * threadsOf(process.env['UV_THREADPOOL_SIZE']); i += 1) {
      await expect(check(keyOf(jwk), alg, jws)).rejects.toBe(failure);
    }
  } finally {
    crypto.verify = verify;
    syncBuiltinESMExports();
  }
  expect(await check(keyOf(jwk), alg, jws)).toBe(true);
});
