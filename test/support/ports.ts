import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that operating systems assign to `listen(0)` and to clients: from 32768 on Linux. */
const FIRST = 12_000;
/** The number of ports of each test worker. */
const BLOCK = 1_500;

let next = Math.floor(Math.random() * BLOCK);

/**
 * Returns a free port that nothing else on this machine gets by chance. A server on it can be stopped and started
 * again, and connections to it are refused in between.
 */
export async function reservedPort(): Promise<number> {
  for (;;) {
    const port = FIRST + Number(process.env['VITEST_POOL_ID'] ?? 0) * BLOCK + (next % BLOCK);
    next += 1;
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
