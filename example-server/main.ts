import { once } from 'node:events';
import { AuthError, createLogtoAuth } from 'express-logto-m2m';
import { createApp } from './app.js';
import { serve } from './http/serve.js';
import { localInstructions, logtoInstructions } from './instructions.js';
import { shoppingApi, startLocalLogto } from './local-logto.js';
import { Metrics } from './metrics.js';
import { RedisConnection } from './redis/connection.js';
import { createKeyStore } from './redis/key-store.js';
import { Revocations } from './redis/revocations.js';
import { createShop } from './shop/shop.js';

const { LOGTO_ENDPOINT, LOGTO_AUDIENCE, REDIS_URL, HOST = '127.0.0.1', PORT = '3200' } = process.env;
const { ISSUER_PORT = PORT === '3201' ? '3202' : '3201' } = process.env;

try {
  await run();
  process.exit(0);
} catch (error) {
  console.error(
    isPortTaken(error) ? `Port ${PORT} is taken: set PORT to another, such as PORT=3300.` : messageOf(error),
  );
  process.exit(1);
}

async function run(): Promise<void> {
  const stopSignal = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const localLogto = LOGTO_ENDPOINT ? undefined : await openLocalLogto();

  const redis = REDIS_URL ? await openRedis(REDIS_URL) : undefined;
  const revocations = redis && new Revocations(redis);

  const auth = createLogtoAuth({
    // If these are undefined, the package reads LOGTO_ENDPOINT and LOGTO_AUDIENCE.
    endpoint: localLogto?.endpoint,
    audience: localLogto || !LOGTO_AUDIENCE ? shoppingApi : undefined,
    jwksCache: { store: redis && createKeyStore(redis) },
    isRevoked: revocations && ((token) => revocations.includes(token)),
  });
  // Logto generates the ids of organizations, so a real Logto has another id than the local one.
  const shop = createShop(new Date(), process.env['CORNER_SHOP_ID'] || undefined);
  const [audience = ''] = localLogto ? [shoppingApi] : (LOGTO_AUDIENCE || shoppingApi).split(',');
  const metrics = new Metrics(auth);
  const api = await serve(createApp(auth, shop, metrics), Number(PORT), HOST);

  const [{ issuer } = { issuer: '' }] = auth.health().issuers;
  console.log(localLogto ? localInstructions(api.url, issuer) : logtoInstructions(api.url, issuer, audience));
  // Fetch the keys before the first request. If that fails, the server starts and fetches them later.
  auth.ready().catch((error) => console.log(`Not ready: /readyz returns 503. ${messageOf(error)}`));

  await stopSignal;
  const stopped = api.stop();
  console.log('Stopping after the current requests.');
  await stopped;
  metrics.close();
  redis?.close();
  await localLogto?.stop();
}

function openRedis(url: string): Promise<RedisConnection> {
  return RedisConnection.open(url, {
    lost: (why) => console.log(`Redis cannot be reached, so requests with a valid token get 503: ${why}.`),
    back: () => console.log('Redis can be reached again.'),
  });
}

async function openLocalLogto(): ReturnType<typeof startLocalLogto> {
  try {
    return await startLocalLogto(Number(ISSUER_PORT));
  } catch (error) {
    if (!isPortTaken(error)) throw error;
    console.log(`Port ${ISSUER_PORT} is taken, so the local Logto uses a free one.`);
    return startLocalLogto();
  }
}

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

/** Describes an error in one line: the hint of a refusal, or the message. */
function messageOf(error: unknown): string {
  if (error instanceof AuthError && error.hint) return error.hint;
  return error instanceof Error ? error.message : String(error);
}
