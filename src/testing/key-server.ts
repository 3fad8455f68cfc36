import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InTurn } from './in-turn.js';

const HOST = '127.0.0.1';

/** Serves the keys on loopback. It can be stopped, and started anew on its port. */
export class KeyServer {
  /** How often the keys were fetched. */
  requests = 0;
  readonly #listener: RequestListener;
  #port: number;
  #server: Server | undefined;
  readonly #turns = new InTurn();

  /** @param answer - sends the keys, as by `sendKeySet` */
  constructor(port: number, answer: (res: ServerResponse) => void) {
    this.#port = port;
    this.#listener = (req, res) => {
      if (req.method !== 'GET' || req.url !== '/oidc/jwks') {
        res.writeHead(404).end();
        return;
      }
      this.requests += 1;
      answer(res);
    };
  }

  /** Its address, once it has been started. */
  get endpoint(): string {
    return `http://${HOST}:${this.#port}`;
  }

  start(): Promise<void> {
    return this.#turns.do(async () => {
      if (this.#server !== undefined) return;
      const server = createServer(this.#listener);
      server.listen(this.#port, HOST);
      await once(server, 'listening');
      // A test run shall end, and say why it failed, also where nobody stops this: `node --test` would wait for ever for
      // a listening server, and for five seconds for a connection that is kept alive.
      server.unref();
      server.on('connection', (socket) => socket.unref());
      this.#port = (server.address() as AddressInfo).port;
      this.#server = server;
    });
  }

  stop(): Promise<void> {
    return this.#turns.do(async () => {
      const server = this.#server;
      if (server === undefined) return;
      this.#server = undefined;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    });
  }
}

/** Answers with these keys as Logto does. */
export function sendKeySet(res: ServerResponse, keys: readonly { readonly publicJwk: object }[]): void {
  res.setHeader('content-type', 'application/jwk-set+json; charset=utf-8');
  res.setHeader('cache-control', 'no-cache, max-age=0, must-revalidate');
  res.end(JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) }));
}
