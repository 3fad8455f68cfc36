import { createLogtoAuth } from 'express-logto-m2m';
import { requestWith, walk } from '../lab/calls.js';
import { answerParent } from '../lab/child.js';
import { AUDIENCE, Issuer, SCOPE } from '../lab/issuer.js';

/** Sends ever new tokens through one instance, in a process that can be told to collect garbage. */
export type Memory = {
  start(input: { max: number }): Promise<void>;
  /** Sends so many more. Answers the heap afterwards, in bytes, and how many tokens are cached. */
  send(input: { count: number }): Promise<{ heap: number; cached: number }>;
};

let auth: ReturnType<typeof createLogtoAuth>;
let issuer: Issuer;

answerParent({
  async start({ max }) {
    issuer = await Issuer.start('ES256');
    const { issuer: iss } = issuer.setting;
    auth = createLogtoAuth({
      endpoint: iss.slice(0, -'/oidc'.length),
      audience: AUDIENCE,
      tokenCache: { max },
    });
  },

  async send({ count }) {
    const guards = [auth.requireScopes(SCOPE)];
    for (let sent = 0; sent < count; sent += 500) {
      const tokens = await issuer.tokens(Math.min(500, count - sent));
      const statuses = await Promise.all(tokens.map((token) => walk(guards, requestWith(token))));
      if (statuses.some((status) => status !== 200)) throw new Error('A valid token was refused.');
    }
    for (let i = 0; i < 3; i += 1) {
      globalThis.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { heap: process.memoryUsage().heapUsed, cached: auth.health().tokenCache.size };
  },
} satisfies Memory);
