import type { AccessToken } from '../access-token.js';
import { Refusal } from '../refusal.js';
import { abandon, isPromiseLike, settledWithin } from '../util/promises.js';
import { checkRequirement, type Requirement } from './requirement.js';
import type { TokenVerifier, Verified } from './token-verifier.js';
import { WaitingRoom } from './waiting-room.js';

/** The operator's revocation check, called for every verified token. Only `false` accepts the token. */
export type Revocation<R> = (token: AccessToken, request?: R) => unknown;

/** A token that meets the requirement. It is a class, so that no other value can be mistaken for it. */
export class Accepted {
  constructor(
    readonly token: AccessToken,
    /** Whether its signature had been checked before. */
    readonly cached: boolean,
  ) {}
}

export type Decision = Accepted | Refusal;

/** Decides on one token, synchronously if nothing has to be awaited. */
export type Decide<R> = (
  text: string,
  requirement: Requirement<R>,
  request?: R,
) => Decision | PromiseLike<Decision>;

/** The options of an instance that affect the decision. */
export interface DecideOptions<R> {
  readonly isRevoked: Revocation<R> | undefined;
  /** The maximum number of requests that wait at once for a promise of `isRevoked`. */
  readonly maxPending: number;
  readonly jwksCache: {
    /** The maximum wait, in seconds. */
    readonly timeout: number;
  };
}

/**
 * Combines the three checks of every token: is it valid, is it revoked, does it meet the requirement? Exceptions of a
 * user's function are not caught.
 */
export function createDecide<R>(
  verifier: TokenVerifier,
  { isRevoked, maxPending, jwksCache: { timeout } }: DecideOptions<R>,
): Decide<R> {
  const room = new WaitingRoom(maxPending);

  return function decide(text, requirement, request) {
    const verdict = verifier.verify(text, requirement.audience);
    // Not `instanceof Promise`: zone.js and similar libraries replace it, and async functions return another class.
    if (!isPromiseLike(verdict)) return judge(verdict, 0, requirement, request);
    const began = performance.now();
    return verdict.then((late) => judge(late, performance.now() - began, requirement, request));
  };

  /** @param waited - the milliseconds already waited: the timeout limits the total wait */
  function judge(
    verdict: Verified | Refusal,
    waited: number,
    requirement: Requirement<R>,
    request?: R,
  ): Decision | PromiseLike<Decision> {
    if (verdict instanceof Refusal) return verdict;
    if (isRevoked === undefined) return permit(verdict, requirement, request);
    const { token } = verdict.verified;
    const answer = request === undefined ? isRevoked(token) : isRevoked(token, request);
    if (!isPromiseLike(answer)) return revoked(answer) ?? permit(verdict, requirement, request);
    const decision = room.enter(() =>
      judgeLate(answer, timeout * 1000 - waited, verdict, requirement, request),
    );
    // The promise is not awaited.
    if (decision instanceof Refusal) abandon(answer);
    return decision;
  }

  async function judgeLate(
    answer: PromiseLike<unknown>,
    time: number,
    verdict: Verified,
    requirement: Requirement<R>,
    request?: R,
  ): Promise<Decision> {
    const late = await settledWithin(answer, time, TOO_LATE);
    if (late === TOO_LATE) {
      return new Refusal('revocation_unavailable', `isRevoked did not settle within ${timeout} s.`);
    }
    return (
      revoked(late) ??
      verifier.recheck(verdict.verified, requirement.audience) ??
      permit(verdict, requirement, request)
    );
  }
}

const TOO_LATE = Symbol('too late');

function permit<R>({ verified, cached }: Verified, requirement: Requirement<R>, request?: R): Decision {
  return checkRequirement(verified.token, requirement, request) ?? new Accepted(verified.token, cached);
}

function revoked(answer: unknown): Refusal | undefined {
  if (answer === false) return undefined;
  if (answer === true) return new Refusal('revoked', 'isRevoked returned true.');
  throw new TypeError(
    `isRevoked must return true or false, not ${answer === null ? 'null' : typeof answer}.`,
  );
}
