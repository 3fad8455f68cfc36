import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** Bytes, and what becomes of the connection: closed, left open, cut off in the middle, or reset. */
export interface KeyServerAnswer {
  readonly bytes: Buffer;
  readonly ending: 'end' | 'open' | 'cut' | 'reset';
}

/** Serves many key sets, each at an address of its own, with whatever bytes it is told to. */
export class HostileKeyServer {
  /** By the first part of the path. */
  readonly answers = new Map<string, KeyServerAnswer>();
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((socket) => {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const id = /^GET \/([^/ ]+)/.exec(chunk.toString('latin1'))?.[1];
      const answer = id === undefined ? undefined : this.answers.get(id);
      if (answer !== undefined) send(socket, answer);
    });
  });

  static async start(): Promise<HostileKeyServer> {
    const server = new HostileKeyServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  addressOf(id: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${id}/jwks`;
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function send(socket: Socket, { bytes, ending }: KeyServerAnswer): void {
  if (ending === 'end') socket.end(bytes);
  else if (ending === 'open') socket.write(bytes);
  else {
    const half = bytes.subarray(0, Math.ceil(bytes.length / 2));
    socket.write(half, () => (ending === 'cut' ? socket.destroy() : socket.resetAndDestroy()));
  }
}

/** The answer that is right. */
export function rightAnswer(jwks: object): KeyServerAnswer {
  const content = JSON.stringify(jwks);
  const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${content.length}\r\n`;
  return { bytes: Buffer.from(`${head}Connection: close\r\n\r\n${content}`), ending: 'end' };
}
