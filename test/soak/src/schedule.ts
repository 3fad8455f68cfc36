import type { SigningAlgorithm } from '../../local-issuer/dist/local-issuer.js';
import type { Fault } from './faults.js';

/** What happens next. */
export type Step =
  | { do: 'pause'; seconds: number }
  /** Logto takes a new key into use. */
  | { do: 'rotate'; to: SigningAlgorithm }
  /** Somebody sends made-up key ids in a burst. */
  | { do: 'flood' }
  | { do: 'fault'; fault: Fault; seconds: number }
  | { do: 'recover' };

interface Act {
  fault: Fault;
  /** How long it lasts, in seconds. */
  lasts: number;
  /** Whether Logto rotates its keys in the midst of it, which it also does before each fault. */
  rotates?: boolean;
  /** Whether a burst of made-up key ids comes right before the rotation. */
  floods?: boolean;
}

// With keys kept for two seconds and a half: faults shorter than that, longer, and longer than twice that. The first two acts
// are all that a run of a few seconds gets to see.
const acts: readonly Act[] = [
  { fault: 'hangs', lasts: 2.5, rotates: true },
  { fault: 'is down', lasts: 5.5 },
  { fault: 'answers 500', lasts: 2, floods: true },
  { fault: 'answers with a page', lasts: 1.5 },
  { fault: 'answers byte by byte', lasts: 5, rotates: true },
  { fault: 'answers with an empty key set', lasts: 2 },
  { fault: 'answers with a redirect', lasts: 1.5, floods: true },
  { fault: 'breaks off its answer', lasts: 1.5 },
  { fault: 'is slow', lasts: 3, rotates: true },
  { fault: 'answers with too much', lasts: 1.5 },
  { fault: 'is down', lasts: 6, rotates: true },
];

/** Every so many rotations lead to an RSA key, and the next one back. */
const rotationsToRsa = 4;

/** What Logto goes through, over and over again. */
export function* schedule(): Generator<Step, never> {
  let rotations = 0;
  const rotate = (): Step => ({ do: 'rotate', to: ++rotations % rotationsToRsa === 0 ? 'RS256' : 'ES384' });

  for (;;) {
    for (const { fault, lasts, rotates = false, floods = false } of acts) {
      // An answer that was under way when the last fault ended may still come badly: until it has, a rotation
      // would not show whether the first token of a new key is served.
      yield { do: 'pause', seconds: 2.1 };
      if (floods) yield { do: 'flood' };
      yield { do: 'pause', seconds: 0.2 };
      yield rotate();
      // Its first tokens may wait for a second until the API asks again, and have their answer before the fault.
      yield { do: 'pause', seconds: floods ? 2 : 1.7 };

      yield { do: 'fault', fault, seconds: lasts };
      yield { do: 'pause', seconds: lasts * 0.6 };
      if (rotates) yield rotate();
      yield { do: 'pause', seconds: lasts * 0.4 };
      yield { do: 'recover' };
    }
  }
}
