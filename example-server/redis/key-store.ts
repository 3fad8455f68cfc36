import { createKeyv, type Keyv } from '@keyv/redis';
import type { RedisConnection } from './connection.js';

/**
 * Logto's keys in Redis, for `jwksCache.store`: a replica that starts while Logto is down finds them there. Who can
 * write them can issue tokens.
 */
export function createKeyStore({ client }: RedisConnection): Keyv {
  const keyv = createKeyv(client, { namespace: 'shop' });
  // Neither thrown nor reported: the connection says that Redis is lost, and the keys in memory serve on.
  keyv.on('error', () => {});
  return keyv;
}
