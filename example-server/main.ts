import { once } from 'node:events';
import { AuthError, createLogtoAuth } from 'express-logto-m2m';
import { createApp } from './app.js';
import { serve } from './http/serve.js';
import { localInstructions, logtoInstructions } from './instructions.js';
import { shopDirectory } from './local-issuer/directory.js';
import { type LocalIssuer, startLocalIssuer } from './local-issuer/local-issuer.js';
import { Metrics } from './metrics/metrics.js';
import { RedisConnection } from './redis/connection.js';
import { createKeyStore } from './redis/key-store.js';
import { Revocations } from './redis/revocations.js';
import { createShop } from './shop/shop.js';

const { LOGTO_ENDPOINT, LOGTO_AUDIENCE, REDIS_URL, HOST = '127.0.0.1', PORT = '3200' } = process.env;
const { ISSUER_PORT = PORT === '3201' ? '3202' : '3201' } = process.env;
const shoppingApi = 'https://shopping.api';
const directory = shopDirectory();

try {
  await run();
  process.exit(0);
} catch (error) {
  console.error(
    isPortTaken(error) ? `Port ${PORT} is taken; PORT=3300 would use another.` : messageOf(error),
  );
  process.exit(1);
}

async function run(): Promise<void> {
  const stopSignal = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const localLogto = LOGTO_ENDPOINT ? undefined : await startLocalLogto();

  const redis = REDIS_URL ? await openRedis(REDIS_URL) : undefined;
  const revocations = redis && new Revocations(redis);

  const auth = createLogtoAuth({
    // What is undefined here the package reads from LOGTO_ENDPOINT and LOGTO_AUDIENCE.
    endpoint: localLogto?.endpoint,
    audience: localLogto || !LOGTO_AUDIENCE ? shoppingApi : undefined,
    jwksCache: { store: redis && createKeyStore(redis) },
    isRevoked: revocations && ((token) => revocations.includes(token)),
  });
  // Logto gives an organization its id: in a Logto of your own it is another than in the stand-in.
  const shop = createShop(new Date(), process.env['CORNER_SHOP_ID'] || undefined);
  const [audience = ''] = localLogto ? [shoppingApi] : (LOGTO_AUDIENCE || shoppingApi).split(',');
  const metrics = new Metrics(auth);
  const api = await serve(createApp(auth, shop, metrics), Number(PORT), HOST);

  const [{ issuer } = { issuer: '' }] = auth.health().issuers;
  console.log(
    localLogto ? localInstructions(api.url, issuer, directory) : logtoInstructions(api.url, issuer, audience),
  );
  // The first caller need not wait for the keys. Without them the server starts all the same, and catches up.
  auth
    .ready()
    .catch((error) => console.log(`Not ready, so /readyz answers 503 for now. ${messageOf(error)}`));

  await stopSignal;
  const stopped = api.stop();
  console.log('Stopping once the requests under way are answered.');
  await stopped;
  metrics.close();
  redis?.close();
  await localLogto?.stop();
}

function openRedis(url: string): Promise<RedisConnection> {
  return RedisConnection.open(url, {
    lost: (why) => console.log(`Redis is lost, so callers with a valid token get 503 for now: ${why}.`),
    back: () => console.log('Redis is back.'),
  });
}

async function startLocalLogto(): Promise<LocalIssuer> {
  try {
    return await startLocalIssuer({ directory, port: Number(ISSUER_PORT) });
  } catch (error) {
    if (!isPortTaken(error)) throw error;
    console.log(`Port ${ISSUER_PORT} is taken, so the stand-in for Logto takes a free one.`);
    return startLocalIssuer({ directory });
  }
}

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

/** An error in a line; of a refusal what its hint tells the operator. */
function messageOf(error: unknown): string {
  if (error instanceof AuthError && error.hint) return error.hint;
  return error instanceof Error ? error.message : String(error);
}
