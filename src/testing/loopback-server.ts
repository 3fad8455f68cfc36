import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TaskQueue } from './task-queue.js';

const HOST = '127.0.0.1';

/** An HTTP server on loopback that can be stopped and restarted on the same port. */
export class LoopbackServer {
  readonly #listener: RequestListener;
  #port: number;
  #server: Server | undefined;
  readonly #turns = new TaskQueue();

  /** @param port - 0 for any free port */
  constructor(port: number, listener: RequestListener) {
    this.#port = port;
    this.#listener = listener;
  }

  /** The base URL, valid after the first start. */
  get endpoint(): string {
    return `http://${HOST}:${this.#port}`;
  }

  start(): Promise<void> {
    return this.#turns.do(async () => {
      if (this.#server !== undefined) return;
      const server = createServer(this.#listener);
      server.listen(this.#port, HOST);
      await once(server, 'listening');
      // A test run must end and report its failures even if nobody stops this server: `node --test` would wait for a
      // listening server forever, and for a kept-alive connection for five seconds.
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
