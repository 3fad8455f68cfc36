import { once } from 'node:events';
import { createClient, type RedisClientType } from '@keyv/redis';

/** The time limit for a response of Redis, in milliseconds: a request is waiting for it. */
const patience = 500;

/** Called when the state of the connection changes. */
export interface ConnectionEvents {
  lost: (why: string) => void;
  back: () => void;
}

/**
 * A connection that keeps no request waiting: while Redis does not respond, every call fails at once. It reconnects
 * by itself.
 */
export class RedisConnection {
  /** For callers with a deadline of their own; others use `ask`. */
  readonly client: RedisClientType;
  readonly #events: ConnectionEvents;
  /** Why Redis cannot be used now; undefined if it can. */
  #trouble: string | undefined;
  /** The number of calls that exceeded the time limit and still have no response. */
  #overdue = 0;
  #isClosed = false;

  private constructor(url: string, events: ConnectionEvents) {
    this.#events = events;
    this.client = newClient(url);
    // Without a listener, the first error would end the process.
    this.client.on('error', (error) => this.#fail(error));
    // A Redis that accepts connections may still refuse commands, for example without a password.
    this.client.on('ready', () => this.ask((client) => client.ping()).catch(() => {}));
  }

  /**
   * Connects, and waits for a second at most, so that the first calls can succeed. It is not an error if Redis is down.
   *
   * @throws TypeError if the URL is invalid
   */
  static async open(url: string, events: ConnectionEvents): Promise<RedisConnection> {
    const connection = new RedisConnection(url, events);
    const outcome = once(connection.client, 'ready', { signal: AbortSignal.timeout(1_000) });
    // Each failure is also an error event.
    connection.client.connect().catch(() => {});
    await outcome.catch(() => connection.#fail(new Error('no connection within a second')));
    return connection;
  }

  /**
   * Sends a command.
   *
   * @throws Error (as a rejection) if Redis does not respond within 500 ms; at once if it did not respond before
   */
  ask<T>(question: (client: RedisClientType) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      // Redis responds in order, so this command would only wait behind an overdue one.
      if (!this.client.isReady || this.#overdue > 0) throw new Error(this.#trouble);
      const reply = question(this.client);
      let isOverdue = false;
      let later: NodeJS.Immediate | undefined;
      const deadline = setTimeout(() => {
        // If this process was busy, the response may have arrived and not been read yet.
        later = setImmediate(() => {
          isOverdue = true;
          this.#overdue += 1;
          reject(this.#fail(new Error(`no answer within ${patience} ms`)));
        });
      }, patience);
      const settle = () => {
        clearTimeout(deadline);
        clearImmediate(later);
        if (isOverdue) this.#overdue -= 1;
      };
      reply.then(
        (answer) => {
          settle();
          this.#recover();
          resolve(answer);
        },
        (error) => {
          settle();
          reject(this.#fail(error));
        },
      );
    });
  }

  /** Closes the connection at once, since a Redis that hangs would not respond to QUIT. */
  close(): void {
    this.#isClosed = true;
    if (this.client.isOpen) this.client.destroy();
  }

  #fail(error: Error & { code?: unknown }): Error {
    // If a name has several addresses, Node's error has no message.
    const why = error.message || String(error.code ?? error);
    if (this.#trouble === undefined && !this.#isClosed) this.#events.lost(why);
    // The first error says most: why the connection broke, and not why the next one could not be opened.
    this.#trouble ??= why;
    return error;
  }

  #recover(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#events.back();
  }
}

function newClient(url: string): RedisClientType {
  try {
    return createClient({
      url,
      disableOfflineQueue: true,
      // The client has no time limit for commands. It replaces a connection without traffic; the pings are traffic on an
      // idle connection.
      pingInterval: 500,
      socket: {
        connectTimeout: 2_000,
        socketTimeout: 2_000,
        reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 1_000) + Math.random() * 100,
      },
    });
  } catch {
    // The URL is not shown, since it may contain a password.
    throw new TypeError('REDIS_URL must be an address such as redis://127.0.0.1:6379.');
  }
}
