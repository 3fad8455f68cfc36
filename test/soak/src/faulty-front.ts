import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { answers, elsewhere, type Fault, type KeyAnswer } from './faults.js';

/** The requests for keys that reached the endpoint. */
export interface KeyRequests {
  total: number;
  /** The highest number of them in any one second. */
  mostInASecond: number;
  mostInAMinute: number;
  /** How many other requests followed the redirect. Its target is not Logto. */
  redirected: number;
}

/** A server between the API and the key endpoint of Logto, with faults that the soak selects. */
export interface FaultyFront {
  /** The API's `jwksUri`. */
  url: string;
  /** Selects the fault; undefined for the response of Logto. Resolves when the change is effective. */
  behave(how: Fault | undefined): Promise<void>;
  /** Returns the counts of the API's requests. */
  seen(): KeyRequests;
  stop(): Promise<void>;
}

/**
 * Starts a front to a key endpoint on 127.0.0.1.
 *
 * @param jwksUri - the endpoint behind it
 * @param onDelivered - called with the key ids of each complete and valid key set that was sent to the API
 */
export async function startFaultyFront(
  jwksUri: string,
  onDelivered: (keyIds: string[]) => void,
): Promise<FaultyFront> {
  let fault: Fault | undefined;
  let redirected = 0;
  const rate = new Rate();

  const server = createServer((req, res) => {
    answer(req, res).catch(() => res.destroy());
  });

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (req.url === elsewhere) redirected += 1;
    else rate.count(Date.now());
    const respond = answers[fault === undefined || fault === 'is down' ? 'well' : fault];
    const isWhole = respond === answers.well || respond === answers['is slow'];
    const keys = await fetchKeys(jwksUri);
    if (isWhole) res.once('finish', () => onDelivered(keyIdsOf(keys)));
    await respond(res, keys);
  }

  await listen(server, 0);
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}/oidc/jwks`,

    async behave(how) {
      fault = how;
      if (how === 'is down') await close(server);
      else if (!server.listening) await listenAgain(server, port);
    },

    seen: () => {
      const { total, mostInASecond, mostInAMinute } = rate;
      return { total, mostInASecond, mostInAMinute, redirected };
    },
    stop: () => close(server),
  };
}

async function fetchKeys(jwksUri: string): Promise<KeyAnswer> {
  const response = await fetch(jwksUri);
  return { contentType: response.headers.get('content-type') ?? '', body: await response.text() };
}

function keyIdsOf({ body }: KeyAnswer): string[] {
  const { keys } = JSON.parse(body) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
}

/** Listens on the same port again. Retries, since another program may have used the port meanwhile. */
async function listenAgain(server: Server, port: number): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listen(server, port);
    } catch (error) {
      if (attempt === 50) throw error;
      await setTimeout(100);
    }
  }
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

/** Counts events: their total, and the highest numbers in one second and in one minute. */
class Rate {
  total = 0;
  mostInASecond = 0;
  mostInAMinute = 0;
  #lately: number[] = [];

  count(now: number): void {
    this.total += 1;
    this.#lately = [...this.#lately.filter((at) => at > now - 60_000), now];
    this.mostInAMinute = Math.max(this.mostInAMinute, this.#lately.length);
    const inASecond = this.#lately.filter((at) => at > now - 1000).length;
    this.mostInASecond = Math.max(this.mostInASecond, inASecond);
  }
}
