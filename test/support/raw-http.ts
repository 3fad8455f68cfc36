import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** The time limit for a response in milliseconds; a server that exceeds it hangs. */
const PATIENCE = 10_000;

/** An interim response, which precedes the final response (RFC 9110 section 15.2). */
const INTERIM = /^HTTP\/1\.1 1\d\d .*?\r\n\r\n/s;

/** A response as received. */
export interface RawAnswer {
  readonly status: number;
  /** The headers as sent; a name may occur twice. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly text: string;
}

/** The values of a header, by its name in lower case. */
export function valuesOf({ headers }: RawAnswer, name: string): string[] {
  return headers.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
}

/** Builds a request from header lines in latin1, with one byte per character. */
export function rawRequest(lines: readonly string[], body = ''): Buffer {
  return Buffer.concat([Buffer.from([...lines, '', ''].join('\r\n'), 'latin1'), Buffer.from(body)]);
}

/** Sends bytes on a new connection, and reads until the server closes it. */
export async function exchange(port: number, bytes: Buffer): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(PATIENCE, () => socket.destroy(new Error('No answer came.')));
  // The socket stays open for writing, since Node takes its end for a disconnected caller.
  socket.write(bytes);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('latin1').replace(INTERIM, '');
  const { headers, status, bodyAt } = readHead(text);
  return { status, headers, text, body: text.slice(bodyAt) };
}

/** Sends requests one after another on one connection, and opens a new one if the server has closed it. */
export class RawConnection {
  #socket: Socket | undefined;
  #received = '';

  constructor(private readonly port: number) {}

  async send(bytes: Buffer): Promise<RawAnswer> {
    const socket = this.#socket ?? (await this.#open());
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        socket.off('data', look).off('close', look);
      };
      const timer = setTimeout(() => {
        settle();
        socket.destroy();
        reject(new Error(`No answer came to ${JSON.stringify(bytes.toString('latin1'))}`));
      }, PATIENCE);
      const look = () => {
        const answer = this.#answer(socket.closed);
        if (answer === undefined && !socket.closed) return;
        settle();
        if (answer === undefined) reject(new Error('The connection was closed without an answer.'));
        else resolve(answer);
      };
      socket.on('data', look).on('close', look).write(bytes);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  async #open(): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1');
    await once(socket, 'connect');
    this.#socket = socket;
    this.#received = '';
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
    });
    return socket;
  }

  /** Returns the response if it is complete. A response without a length ends with the connection. */
  #answer(closed: boolean): RawAnswer | undefined {
    const text = this.#received;
    if (!text.includes('\r\n\r\n')) return undefined;
    const { status, headers, bodyAt } = readHead(text);
    const answer = { status, headers, text, body: text.slice(bodyAt) };
    const [length] = valuesOf(answer, 'content-length');
    if (length === undefined ? !closed : answer.body.length < Number(length)) return undefined;
    this.#received = '';
    if (valuesOf(answer, 'connection').includes('close')) {
      this.#socket?.destroy();
      this.#socket = undefined;
    }
    return answer;
  }
}

function readHead(text: string): Pick<RawAnswer, 'status' | 'headers'> & { bodyAt: number } {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  return { status: Number(statusLine.split(' ')[1]), headers, bodyAt: end + 4 };
}
