import { createLogtoAuth } from 'express-logto-m2m';
import { requestWith, walk } from '../lab/calls.js';
import { answerParent } from '../lab/child.js';
import { AUDIENCE, Issuer, SCOPE } from '../lab/issuer.js';

/** Sends always new tokens to one instance, in a process that can run the garbage collector on demand. */
export type Memory = {
  start(input: { max: number }): Promise<void>;
  /** Creates more instances with the same cache options, and returns how many bytes each of them takes. */
  instances(input: { count: number }): Promise<number>;
  /** Sends more tokens. Returns the memory used afterwards, in bytes, and the number of cached tokens. */
  send(input: { count: number }): Promise<{ heap: number; cached: number }>;
};

let issuer: Issuer;
let make: () => ReturnType<typeof createLogtoAuth>;
let auth: ReturnType<typeof createLogtoAuth>;

/** Returns the used bytes after a garbage collection, with typed arrays, whose memory is outside the heap. */
async function memory(): Promise<number> {
  for (let i = 0; i < 3; i += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

answerParent({
  async start({ max }) {
    issuer = await Issuer.start('ES256');
    const { endpoint } = issuer.setting;
    make = () => createLogtoAuth({ endpoint, audience: AUDIENCE, tokenCache: { max } });
    auth = make();
  },

  async instances({ count }) {
    const before = await memory();
    const made = Array.from({ length: count }, make);
    return ((await memory()) - before) / made.length;
  },

  async send({ count }) {
    const guards = [auth.requireScopes(SCOPE)];
    for (let sent = 0; sent < count; sent += 500) {
      const tokens = await issuer.tokens(Math.min(500, count - sent));
      // Twice, since tokens are sent repeatedly, and the data stored at a cache hit also takes memory.
      for (let i = 0; i < 2; i += 1) {
        const statuses = await Promise.all(tokens.map((token) => walk(guards, requestWith(token))));
        if (statuses.some((status) => status !== 200)) throw new Error('A valid token was refused.');
      }
    }
    return { heap: await memory(), cached: auth.health().tokenCache.size };
  },
} satisfies Memory);
