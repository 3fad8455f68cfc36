import type { AccessToken } from 'express-logto-m2m';
import { Problem } from '../http/problems.js';
import type { RedisConnection } from './connection.js';

/** All tokens of an app, by its client id, or one token, by its `jti`. */
export interface Revocable {
  kind: 'app' | 'token';
  id: string;
}

/** The revocation list that all replicas share. Each entry is one Redis key, so that entries can expire. */
export class Revocations {
  readonly #redis: RedisConnection;

  constructor(redis: RedisConnection) {
    this.#redis = redis;
  }

  /**
   * Whether the token or its app is on the list. Redis is asked for each request, since a cached result would accept a
   * revoked token.
   *
   * @throws Problem 503 while Redis does not respond. If the token were accepted then, an attacker who can disturb
   *   Redis could use a stolen one; if it were refused as invalid, its owner would discard a valid one
   */
  async includes({ clientId, jwtId }: Pick<AccessToken, 'clientId' | 'jwtId'>): Promise<boolean> {
    const names = [nameOf({ kind: 'app', id: clientId })];
    if (jwtId !== undefined) names.push(nameOf({ kind: 'token', id: jwtId }));
    try {
      return (await this.#redis.ask((client) => client.exists(names))) > 0;
    } catch (cause) {
      const sentence =
        'It cannot be checked at present whether the access token is revoked. Try again later.';
      throw new Problem(503, sentence, { cause, retryAfter: 1 });
    }
  }

  /**
   * Adds an entry.
   *
   * @param seconds - its lifetime; without it, the entry stays until it is removed
   */
  async add(revocable: Revocable, seconds?: number): Promise<void> {
    const since = new Date().toISOString();
    const expiry = seconds === undefined ? {} : { EX: seconds };
    await this.#redis.ask((client) => client.set(nameOf(revocable), since, expiry));
  }

  /** Removes an entry. Returns whether there was one. */
  async remove(revocable: Revocable): Promise<boolean> {
    return (await this.#redis.ask((client) => client.del(nameOf(revocable)))) > 0;
  }
}

function nameOf({ kind, id }: Revocable): string {
  return `shop:revoked-${kind}:${id}`;
}
