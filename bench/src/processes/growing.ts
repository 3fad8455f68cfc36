import type { RequestHandler } from 'express';
import { createLogtoAuth } from 'express-logto-m2m';
import type { Setting } from '../contestants/contestant.js';
import { loadContestant } from '../contestants/index.js';
import { requestWith, timeHits, walk } from '../lab/calls.js';
import { answerParent } from '../lab/child.js';

/** Measures guards with cache hits, in settings of different sizes. */
export type Growing = {
  /** Creates the guard of an instance with these issuers, or the limit guard, and verifies the tokens with it. */
  setUp(input: {
    name: string;
    guard: 'ours' | 'limit';
    endpoints: readonly string[];
    /** The setting of the issuer of the tokens. */
    setting: Setting;
    tokens: readonly string[];
  }): Promise<void>;
  /** Sends the tokens out of order, each about equally often. Returns the microseconds per call. */
  hit(input: { name: string; calls: number }): Promise<number>;
};

const settings = new Map<string, { guard: RequestHandler; tokens: readonly string[]; position: number }>();

answerParent({
  async setUp({ name, guard: kind, endpoints, setting, tokens }) {
    const { audience, scope } = setting;
    const [guard] =
      kind === 'limit'
        ? await (await loadContestant('limit'))(setting)
        : [createLogtoAuth({ endpoint: endpoints, audience }).requireScopes(scope)];
    for (const token of tokens) {
      if ((await walk([guard as RequestHandler], requestWith(token))) !== 200)
        throw new Error('It was refused.');
    }
    settings.set(name, { guard: guard as RequestHandler, tokens, position: 0 });
  },

  async hit({ name, calls }) {
    const setting = settings.get(name);
    if (setting === undefined) throw new Error(`There is no ${name}.`);
    const { guard, tokens } = setting;
    return timeHits(guard, calls, () => {
      // The step has no common factor with any of the counts, so every token is sent.
      setting.position += 7_919;
      return tokens[setting.position % tokens.length] as string;
    });
  },
} satisfies Growing);
