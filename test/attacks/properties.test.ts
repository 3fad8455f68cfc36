import express from 'express';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LogtoAuth } from '../../src/index.js';
import { type RawAnswer, RawConnection, rawRequest } from '../support/raw-http.js';
import { elapse } from '../support/result.js';
import { createSigningKey, type SigningKey, signJws } from '../support/signing.js';
import {
  anyString,
  bytesPlan,
  headerValue,
  keyServerAnswer,
  spoil,
  spoilBytes,
  tokenPlan,
} from './arbitraries.js';
import { HostileKeyServer, type KeyServerAnswer, rightAnswer } from './hostile-key-server.js';
import { Lab } from './lab.js';
import { mayEnter } from './model.js';
import { checkHint, checkRefusal } from './refusal.js';

/** The number of cases of each property. `npm run fuzz` runs 100,000. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 150);
const LONG = { timeout: 60_000 + 100 * RUNS };

/** How many faulty key servers are tested in parallel, since each failure takes a third of a second. */
const AT_ONCE = 50;

let lab: Lab;
let connection: RawConnection;

beforeAll(async () => {
  lab = await Lab.start();
  connection = new RawConnection(lab.portOf('shop'));
});
afterEach(async () => {
  vi.useRealTimers();
  expect(await outcomeOf(`Bearer ${lab.logto.token()}`)).toBe('accepted');
  expect(lab.attacker.calls).toBe(0);
});
afterAll(async () => {
  connection.close();
  await lab.stop();
});

/** The outcome for a header: `accepted`, the reason of the refusal, or `node` if no guard was reached. */
async function outcomeOf(header: string, via = connection, sent = header.slice(7)): Promise<string> {
  lab.forget();
  const lines = ['GET /products HTTP/1.1', 'Host: shop.example', `Authorization: ${header}`];
  return judge(await via.send(rawRequest(lines)), sent);
}

/** Checks that the response is one that the README documents, and returns the outcome. */
function judge(answer: RawAnswer, sent: string): string {
  const [error, ...others] = lab.denied;
  expect(others).toEqual([]);
  if (error === undefined && lab.handled === 0) {
    expect([400, 431]).toContain(answer.status);
    return 'node';
  }
  if (error === undefined) {
    expect(answer.status).toBe(200);
    return 'accepted';
  }
  expect(lab.handled).toBe(0);
  expect(answer.status).toBe(error.status);
  expect(checkRefusal(answer, sent).code).toBe(error.code);
  checkHint(error, sent);
  return error.reason;
}

describe('an Authorization header', () => {
  it('of arbitrary bytes is refused with a documented response', LONG, async () => {
    await fc.assert(
      fc.asyncProperty(headerValue, async (header) => {
        expect(await outcomeOf(header)).not.toBe('accepted');
      }),
      { numRuns: RUNS },
    );
  });

  it(
    'of arbitrary characters, set by other middleware, is refused with a documented response',
    LONG,
    async () => {
      let planted: string | undefined;
      const port = await lab.serve(
        express()
          .use((req, _res, next) => {
            Object.assign(req.headers, { authorization: planted });
            next();
          })
          .use(lab.createApp()),
      );
      const via = new RawConnection(port);
      await fc.assert(
        fc.asyncProperty(anyString, async (header) => {
          planted = header;
          expect(await outcomeOf('Basic x', via, header)).not.toBeOneOf(['accepted', 'node']);
        }),
        { numRuns: RUNS },
      );
      planted = `Bearer ${lab.logto.token()}`;
      expect(await outcomeOf('Basic x', via)).toBe('accepted');
      via.close();
    },
  );
});

describe('a token', () => {
  /** Keys of Logto, the second issuer and the attacker; Node signs fastest with the first. */
  const signers = (): SigningKey[] => {
    const { logto, keys, second, twin, attacker } = lab;
    const forger = { ...attacker.keys.ES384, kid: logto.key.kid };
    return [keys.ES256, logto.key, keys.RSA, second.key, twin, forger, attacker.keys.RSA];
  };

  it(
    'is accepted if and only if it is valid, whatever changes its header and claims have',
    LONG,
    async () => {
      const { logto } = lab;
      let honest = 0;
      await fc.assert(
        fc.asyncProperty(tokenPlan(signers().length), async (plan) => {
          const signer = signers()[plan.signer] as SigningKey;
          const header = spoil(logto.header({}, signer), plan.header, plan.headerSlips);
          const payload = spoil(logto.claims(), plan.claims, plan.claimsSlips);
          const expected = mayEnter({ header, payload, signer }, logto);
          honest += Number(expected);
          const outcome = await outcomeOf(`Bearer ${signJws(header, payload, signer)}`);
          expect({ header, payload, accepted: outcome === 'accepted' }).toEqual({
            header,
            payload,
            accepted: expected,
          });
          expect(outcome).not.toBe('node');
        }),
        { numRuns: RUNS },
      );
      // Both outcomes must occur often, else the property shows little.
      expect(honest).toBeGreaterThan(RUNS / 20);
      expect(honest).toBeLessThan(RUNS / 1.2);
    },
  );

  it(
    'of arbitrary signed bytes is accepted if and only if they are a valid header and valid claims',
    LONG,
    async () => {
      const { logto, keys } = lab;
      const signer = keys.ES256;
      const asText = (bytes: Buffer): string => {
        try {
          return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
        } catch {
          return '';
        }
      };
      let honest = 0;
      await fc.assert(
        fc.asyncProperty(bytesPlan, bytesPlan, async (headerPlan, payloadPlan) => {
          const header = spoilBytes(logto.header({}, signer), headerPlan);
          const payload = spoilBytes(logto.claims(), payloadPlan);
          const expected = mayEnter({ header: asText(header), payload: asText(payload), signer }, logto);
          honest += Number(expected);
          const outcome = await outcomeOf(`Bearer ${signJws(header, payload, signer)}`);
          expect([outcome === 'accepted', header.toString('latin1'), payload.toString('latin1')]).toEqual([
            expected,
            header.toString('latin1'),
            payload.toString('latin1'),
          ]);
        }),
        { numRuns: RUNS },
      );
      expect(honest).toBeGreaterThan(RUNS / 50);
      expect(honest).toBeLessThan(RUNS / 2);
    },
  );

  it('of three arbitrary parts is refused', LONG, async () => {
    const part = fc.uint8Array({ maxLength: 150 }).map((bytes) => Buffer.from(bytes).toString('base64url'));
    await fc.assert(
      fc.asyncProperty(fc.tuple(part, part, part), async (parts) => {
        expect(await outcomeOf(`Bearer ${parts.join('.')}`)).not.toBe('accepted');
      }),
      { numRuns: RUNS },
    );
  });

  /** A valid token for each algorithm. */
  const valid = (): string[] => {
    const { logto, keys } = lab;
    const pss = { ...keys.RSA, alg: 'PS256' };
    return [keys.ES384, keys.ES256, keys.ES512, keys.RSA, pss].map((key) => logto.token({ key }));
  };

  it('is refused if any one byte is changed to any other', LONG, async () => {
    const tokens = valid();
    for (const token of tokens) expect(await outcomeOf(`Bearer ${token}`)).toBe('accepted');
    const change = fc.record({ which: fc.nat(tokens.length - 1), at: fc.nat(2_000), byte: fc.nat(254) });
    await fc.assert(
      fc.asyncProperty(change, async ({ which, at, byte }) => {
        const token = tokens[which] as string;
        expect(await outcomeOf(`Bearer ${withByte(token, at % token.length, byte)}`)).not.toBe('accepted');
      }),
      { numRuns: RUNS },
    );
  });

  it('is refused if one byte is changed, at each of its positions', LONG, async () => {
    const [token = ''] = valid();
    const { length } = token;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(254), { minLength: length, maxLength: length }), async (bytes) => {
        for (const [at, byte] of bytes.entries()) {
          const changed = withByte(token, at, byte);
          expect([at, changed[at], await outcomeOf(`Bearer ${changed}`)]).not.toContain('accepted');
        }
      }),
      { numRuns: Math.ceil(RUNS / 1_000) },
    );
  });
});

describe('an instance with a faulty key server', () => {
  let server: HostileKeyServer;
  /** Instances by the path that their guard protects. */
  const instances = new Map<string, LogtoAuth>();
  let made = 0;

  beforeAll(async () => {
    server = await HostileKeyServer.start();
  });
  afterAll(() => server.stop());

  interface Plan {
    readonly answer: KeyServerAnswer;
    /** Whether the instance fetched the right keys before. */
    readonly isWarm: boolean;
  }

  it('refuses forged tokens, and accepts valid ones once the server sends the right keys', LONG, async () => {
    const { logto, keys, attacker } = lab;
    // Node signs fastest with P-256.
    const key = keys.ES256;
    const forger = createSigningKey('ES256', { kid: key.kid });
    const jwks = [key, keys.ES384, keys.RSA].map(({ publicJwk }) => publicJwk);
    const right = rightAnswer({ keys: [key.publicJwk] });
    const port = await lab.serve(
      express().get(
        '/:id',
        (req, res, next) => instances.get(req.params.id)?.requireScopes('read:products')(req, res, next),
        (_req, res) => res.json({}),
      ),
    );
    const plan = fc.record({ answer: keyServerAnswer(jwks, attacker.url), isWarm: fc.boolean() });
    const plans = fc.array(plan, { minLength: AT_ONCE, maxLength: AT_ONCE });

    const ask = async (id: string, token: string): Promise<number> => {
      const via = new RawConnection(port);
      const lines = [`GET /${id} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${token}`];
      const answer = await via.send(rawRequest(lines));
      via.close();
      if (answer.status !== 200) checkRefusal(answer, token);
      return answer.status;
    };

    const suffer = async ({ answer, isWarm }: Plan, id: string) => {
      const token = logto.token({ key });
      server.answers.set(id, answer);
      const [forged, junk, honest] = await Promise.all([
        ask(id, logto.token({ key: forger })),
        ask(id, 'junk'),
        ask(id, token),
      ]);
      expect(forged).toBeOneOf([401, 503]);
      expect(junk).toBe(401);
      // Fetched keys stay in use, unless the server sent a key set of other keys. No failure results in 401.
      expect(honest).toBeOneOf([200, 401, 503]);
      const { keyIds, lastError } = instances.get(id)?.health().issuers[0] ?? {};
      if (honest === 401) expect(lastError).toBeUndefined();
      if (honest === 503 && isWarm) expect(keyIds).not.toContain(key.kid);
    };

    const recover = async (id: string) => {
      server.answers.set(id, right);
      // The first try may fail on a slow machine. The next one is due soon.
      for (let tries = 1; ; tries++) {
        const status = await ask(id, logto.token({ key }));
        if (status === 200) return;
        expect([tries, status]).toEqual([expect.toSatisfy((count: number) => count < 10), 503]);
        elapse(6);
      }
    };

    await fc.assert(
      fc.asyncProperty(plans, async (all) => {
        const named = all.map((one) => [String(made++), one] as const);
        for (const [id] of named) {
          const issuers = [{ issuer: logto.issuer, jwksUri: server.addressOf(id) }];
          const overrides = { endpoint: undefined, issuers, jwksCache: { timeout: 0.3 } };
          instances.set(id, lab.createAuth(overrides));
        }
        const warm = named.filter(([, { isWarm }]) => isWarm);
        await Promise.all(warm.map(([id]) => recover(id)));
        elapse(700);
        await Promise.all(named.map(([id, one]) => blaming(one, () => suffer(one, id))));
        elapse(1_300);
        await Promise.all(named.map(([id, one]) => blaming(one, () => recover(id))));
        lab.forget();
        for (const [id] of named) {
          instances.delete(id);
          server.answers.delete(id);
        }
      }),
      // The error names the failed plan, and shrinking the plans would take minutes.
      { numRuns: Math.ceil(RUNS / AT_ONCE), endOnFailure: true },
    );
  });

  /** Names the plan in the error if the work fails. */
  async function blaming({ answer, isWarm }: Plan, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const { bytes, ending } = answer;
      const which = JSON.stringify({ isWarm, ending, bytes: bytes.subarray(0, 2_000).toString('latin1') });
      throw new Error(`The key server's answer was ${which}`, { cause: error });
    }
  }
});

/** The token with the byte at that position replaced by a different one. */
function withByte(token: string, at: number, byte: number): string {
  const other = byte >= token.charCodeAt(at) ? byte + 1 : byte;
  return token.slice(0, at) + String.fromCharCode(other) + token.slice(at + 1);
}
