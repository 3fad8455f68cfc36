import { createLogtoAuth, type Guard } from 'express-logto-m2m';
import { requestWith, timeInBatches } from '../lab/calls.js';
import { answerParent } from '../lab/child.js';
import { AUDIENCE } from '../lab/issuer.js';

/** The guard on cache hits, in settings of different sizes. */
export type Growing = {
  /** Makes an instance and has it verify the tokens. */
  setUp(input: {
    name: string;
    endpoints: readonly string[];
    scope: string;
    tokens: readonly string[];
  }): Promise<void>;
  /** Goes through the tokens in disorder, each sent about as often. Microseconds a call. */
  hit(input: { name: string; calls: number }): number;
};

const settings = new Map<string, { guard: Guard; tokens: readonly string[] }>();
let position = 0;

answerParent({
  async setUp({ name, endpoints, scope, tokens }) {
    const auth = createLogtoAuth({ endpoint: endpoints, audience: AUDIENCE });
    await auth.ready();
    for (const token of tokens) await auth.verify(token);
    settings.set(name, { guard: auth.requireScopes(scope), tokens });
  },

  hit({ name, calls }) {
    const setting = settings.get(name);
    if (setting === undefined) throw new Error(`There is no ${name}.`);
    const { guard, tokens } = setting;
    let passed = 0;
    const next = () => {
      passed += 1;
    };
    const make = () => {
      // A step that has no factor in common with any of the counts visits every token.
      position += 7_919;
      return requestWith(tokens[position % tokens.length]);
    };
    const time = timeInBatches(calls, make, (req) => guard(req, undefined as never, next));
    if (passed !== calls) throw new Error(`Only ${passed} of ${calls} requests passed at once.`);
    return time;
  },
} satisfies Growing);
