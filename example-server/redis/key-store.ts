import { createKeyv, type Keyv } from '@keyv/redis';
import type { RedisConnection } from './connection.js';

/**
 * Stores Logto's keys in Redis, for `jwksCache.store`: a replica that starts while Logto is down reads them there.
 * Anyone who can write to this Redis can issue tokens.
 */
export function createKeyStore({ client }: RedisConnection): Keyv {
  const keyv = createKeyv(client, { namespace: 'shop' });
  // Ignored here: the connection reports that Redis cannot be reached, and the keys in memory stay in use.
  keyv.on('error', () => {});
  return keyv;
}
