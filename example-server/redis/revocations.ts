import type { AccessToken } from 'express-logto-m2m';
import { Problem } from '../http/problems.js';
import type { RedisConnection } from './connection.js';

/** What can be revoked: all tokens of an app, by its client id, or a single token, by its `jti`. */
export interface Revocable {
  kind: 'app' | 'token';
  id: string;
}

/** The revocation list, which all replicas share. One Redis key an entry, so that an entry can expire. */
export class Revocations {
  readonly #redis: RedisConnection;

  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  /**
   * Whether a token is on the list, or its app is. Asked anew for each request: an answer that was kept would let a
   * revoked token in.
   *
   * @throws {Problem} 503 while Redis cannot tell. To let the token in then would mean that whoever can disturb
   *   Redis can use a stolen one; to call it invalid would make its owner throw a good one away.
   */
  async includes({ clientId, jwtId }: Pick<AccessToken, 'clientId' | 'jwtId'>): Promise<boolean> {
    const names = [nameOf({ kind: 'app', id: clientId })];
    if (jwtId !== undefined) names.push(nameOf({ kind: 'token', id: jwtId }));
    try {
      return (await this.#redis.ask((client) => client.exists(names))) > 0;
    } catch (cause) {
      const sentence =
        'Whether the access token has been revoked cannot be told at the moment. Try again later.';
      throw new Problem(503, sentence, { cause, retryAfter: 1 });
    }
  }

  /**
   * Puts an entry on the list.
   *
   * @param seconds How long it stays there; without it, until it is taken off.
   */
  async add(revocable: Revocable, seconds?: number): Promise<void> {
    const since = new Date().toISOString();
    const expiry = seconds === undefined ? {} : { EX: seconds };
    await this.#redis.ask((client) => client.set(nameOf(revocable), since, expiry));
  }

  /** Takes an entry off the list; false where there was none. */
  async remove(revocable: Revocable): Promise<boolean> {
    return (await this.#redis.ask((client) => client.del(nameOf(revocable)))) > 0;
  }
}

function nameOf({ kind, id }: Revocable): string {
  return `shop:revoked-${kind}:${id}`;
}
