import type { SigningAlgorithm } from '../../local-issuer/dist/local-issuer.js';
import type { Fault } from './faults.js';

/** The next event. */
export type Step =
  | { do: 'pause'; seconds: number }
  /** Logto begins to use a new key. */
  | { do: 'rotate'; to: SigningAlgorithm }
  /** A caller sends made-up key ids in a burst. */
  | { do: 'flood' }
  | { do: 'fault'; fault: Fault; seconds: number }
  | { do: 'recover' };

interface Act {
  fault: Fault;
  /** The duration of the fault, in seconds. */
  lasts: number;
  /** Whether Logto also rotates its keys during the fault. It always rotates them before the fault. */
  rotates?: boolean;
  /** Whether a burst of made-up key ids precedes the rotation. */
  floods?: boolean;
}

// The maximum age of the keys is 2.5 seconds. Some faults are shorter than that, some longer, some longer than twice
// that. A run of a few seconds reaches only the first two acts.
const acts: readonly Act[] = [
  { fault: 'hangs', lasts: 2.5, rotates: true },
  { fault: 'is down', lasts: 5.5 },
  { fault: 'responds with 500', lasts: 2, floods: true },
  { fault: 'responds with a page', lasts: 1.5 },
  { fault: 'responds byte by byte', lasts: 5, rotates: true },
  { fault: 'responds with an empty key set', lasts: 2 },
  { fault: 'responds with a redirect', lasts: 1.5, floods: true },
  { fault: 'ends its response too early', lasts: 1.5 },
  { fault: 'is slow', lasts: 3, rotates: true },
  { fault: 'responds with too much', lasts: 1.5 },
  { fault: 'is down', lasts: 6, rotates: true },
];

/** One in this number of rotations changes to an RSA key, and the next one changes back. */
const rotationsToRsa = 4;

/** Returns the events at Logto, repeated without end. */
export function* schedule(): Generator<Step, never> {
  let rotations = 0;
  const rotate = (): Step => ({ do: 'rotate', to: ++rotations % rotationsToRsa === 0 ? 'RS256' : 'ES384' });

  for (;;) {
    for (const { fault, lasts, rotates = false, floods = false } of acts) {
      // A request that was running when the last fault ended may still fail. Until it has ended, a rotation would not
      // show whether the first token of a new key is accepted.
      yield { do: 'pause', seconds: 2.1 };
      if (floods) yield { do: 'flood' };
      yield { do: 'pause', seconds: 0.2 };
      yield rotate();
      // The first tokens of the new key may wait for a second until the API refreshes its keys. They must get their
      // response before the fault.
      yield { do: 'pause', seconds: floods ? 2 : 1.7 };

      yield { do: 'fault', fault, seconds: lasts };
      yield { do: 'pause', seconds: lasts * 0.6 };
      if (rotates) yield rotate();
      yield { do: 'pause', seconds: lasts * 0.4 };
      yield { do: 'recover' };
    }
  }
}
