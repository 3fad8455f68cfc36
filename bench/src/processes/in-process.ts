import crypto, { createPublicKey, type JsonWebKeyInput } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import type { RequestHandler } from 'express';
import type { Setting } from '../contestants/contestant.js';
import { type Contestant, loadContestant } from '../contestants/index.js';
import { fresh, requestWith, timeHits, timeInBatches, walk } from '../lab/calls.js';
import { answerParent } from '../lab/child.js';

/** Calls a guard, or fast-jwt's verifier, without HTTP. All times are in microseconds per call. */
export type InProcess = {
  setUp(input: { contestant: Contestant; setting: Setting }): Promise<void>;
  /** Measures a guard that accepts each request synchronously. */
  hit(input: { token: string; calls: number }): Promise<number>;
  /** Measures refusals, with one call after another. */
  refusal(input: { token: string; calls: number }): Promise<number>;
  /** Makes all calls at once. */
  burst(input: { token: string; calls: number }): Promise<{ statuses: number[]; signatureChecks: number }>;
  setUpFastJwt(input: { setting: Setting }): Promise<void>;
  /** Measures fast-jwt's cached verifier alone, with a key that it holds. */
  hitFastJwt(input: { token: string; calls: number }): Promise<number>;
};

let signatureChecks = 0;
let guards: RequestHandler[] = [];
let verify: (token: string) => unknown;

answerParent({
  async setUp({ contestant, setting }) {
    countSignatureChecks();
    guards = await (await loadContestant(contestant))(setting);
  },

  async hit({ token, calls }) {
    return timeHits(guards[0] as RequestHandler, calls, () => token);
  },

  async refusal({ token, calls }) {
    let time = 0;
    for (let done = 0; done < calls; done += 100) {
      const requests = Array.from({ length: Math.min(100, calls - done) }, () => requestWith(token));
      const began = performance.now();
      for (const req of requests) {
        if ((await walk(guards, req)) === 200) throw new Error('It was let through.');
      }
      time += performance.now() - began;
    }
    return (time * 1000) / calls;
  },

  async burst({ token, calls }) {
    const requests = Array.from({ length: calls }, () => requestWith(token));
    signatureChecks = 0;
    const statuses = await Promise.all(requests.map((req) => walk(guards, req)));
    return { statuses: [...new Set(statuses)], signatureChecks };
  },

  async setUpFastJwt({ setting }) {
    const { createVerifier } = await import('fast-jwt');
    const [jwk] = setting.jwks.keys;
    const key = createPublicKey({ key: jwk, format: 'jwk' } as JsonWebKeyInput);
    verify = createVerifier({
      key: key.export({ format: 'pem', type: 'spki' }),
      cache: 10_000,
      allowedIss: setting.issuer,
      allowedAud: setting.audience,
    });
  },

  hitFastJwt({ token, calls }) {
    verify(token);
    return timeInBatches(
      calls,
      () => fresh(token),
      (text) => void verify(text),
    );
  },
} satisfies InProcess);

/** Counts the signature checks. Every package calls one of these three functions. */
function countSignatureChecks(): void {
  const counting =
    <Args extends unknown[], Result>(check: (...args: Args) => Result) =>
    (...args: Args) => {
      signatureChecks += 1;
      return check(...args);
    };
  const { createVerify, verify, subtle } = crypto;
  crypto.createVerify = counting(createVerify);
  crypto.verify = counting(verify as (...args: unknown[]) => boolean) as typeof verify;
  subtle.verify = counting(subtle.verify.bind(subtle));
  syncBuiltinESMExports();
}
