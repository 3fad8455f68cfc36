import type { AccessToken } from '../access-token.js';
import { Refusal } from '../refusal.js';
import { abandon, isPromiseLike, settledWithin } from '../util/promises.js';
import { PendingLimit } from './pending-limit.js';
import { checkRequirement, type Requirement } from './requirement.js';
import type { TokenVerifier, Verified } from './token-verifier.js';

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
  const pendingLimit = new PendingLimit(maxPending);

  return function decide(text, requirement, request) {
    const result = verifier.verify(text, requirement.audience);
    // Not `instanceof Promise`: zone.js and similar libraries replace it, and async functions return another class.
    if (!isPromiseLike(result)) return checkRevocation(result, 0, requirement, request);
    const began = performance.now();
    return result.then((late) => checkRevocation(late, performance.now() - began, requirement, request));
  };

  /** @param waited - the milliseconds already waited: the timeout limits the total wait */
  function checkRevocation(
    result: Verified | Refusal,
    waited: number,
    requirement: Requirement<R>,
    request?: R,
  ): Decision | PromiseLike<Decision> {
    if (result instanceof Refusal) return result;
    if (isRevoked === undefined) return applyRequirement(result, requirement, request);
    const { token } = result.verified;
    const returned = request === undefined ? isRevoked(token) : isRevoked(token, request);
    if (!isPromiseLike(returned))
      return refuseIfRevoked(returned) ?? applyRequirement(result, requirement, request);
    const decision = pendingLimit.runOrRefuse(() =>
      awaitRevocation(returned, timeout * 1000 - waited, result, requirement, request),
    );
    // If it is refused, nothing awaits the promise.
    if (decision instanceof Refusal) abandon(returned);
    return decision;
  }

  async function awaitRevocation(
    returned: PromiseLike<unknown>,
    time: number,
    result: Verified,
    requirement: Requirement<R>,
    request?: R,
  ): Promise<Decision> {
    const settled = await settledWithin(returned, time, TOO_LATE);
    if (settled === TOO_LATE) {
      return new Refusal('revocation_unavailable', `isRevoked did not settle within ${timeout} s.`);
    }
    return (
      refuseIfRevoked(settled) ??
      verifier.recheck(result.verified, requirement.audience) ??
      applyRequirement(result, requirement, request)
    );
  }
}

const TOO_LATE = Symbol('too late');

function applyRequirement<R>(
  { verified, cached }: Verified,
  requirement: Requirement<R>,
  request?: R,
): Decision {
  return checkRequirement(verified.token, requirement, request) ?? new Accepted(verified.token, cached);
}

function refuseIfRevoked(returned: unknown): Refusal | undefined {
  if (returned === false) return undefined;
  if (returned === true) return new Refusal('revoked', 'isRevoked returned true.');
  throw new TypeError(
    `isRevoked must return true or false, not ${returned === null ? 'null' : typeof returned}.`,
  );
}
