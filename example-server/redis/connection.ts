import { once } from 'node:events';
import { createClient, type RedisClientType } from '@keyv/redis';

/** How long Redis may take to answer, in milliseconds: a request is waiting. */
const patience = 500;

/** What the operator may want to be told of. Neither is called twice in a row. */
export interface ConnectionEvents {
  lost: (why: string) => void;
  back: () => void;
}

/**
 * A connection that never keeps a request waiting. It mends itself for as long as the process lives; until it has,
 * every question is refused at once.
 */
export class RedisConnection {
  /** For what brings a deadline of its own; all else should `ask`. */
  readonly client: RedisClientType;
  readonly #events: ConnectionEvents;
  /** Why Redis is of no use now, if it is not. */
  #trouble: string | undefined;
  /** How many questions were given up that Redis may still answer. */
  #overdue = 0;
  #isClosed = false;

  private constructor(url: string, events: ConnectionEvents) {
    this.#events = events;
    this.client = newClient(url);
    // Without a listener the first of them would end the process.
    this.client.on('error', (error) => this.#fail(error));
    // That it takes connections does not mean that it answers: it may want a password.
    this.client.on('ready', () => this.ask((client) => client.ping()).catch(() => {}));
  }

  /**
   * Connects, and gives Redis a second for it, so that what is asked first can be answered. One that is down is no
   * error here.
   *
   * @throws TypeError when the URL is none of Redis
   */
  static async open(url: string, events: ConnectionEvents): Promise<RedisConnection> {
    const connection = new RedisConnection(url, events);
    const outcome = once(connection.client, 'ready', { signal: AbortSignal.timeout(1_000) });
    // Each failure is an error event too.
    connection.client.connect().catch(() => {});
    await outcome.catch(() => connection.#fail(new Error('no connection within a second')));
    return connection;
  }

  /**
   * Asks Redis something.
   *
   * @throws Error when Redis has not answered within 500 ms; at once where there is no hope that it will
   */
  ask<T>(question: (client: RedisClientType) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      // Redis answers in the order it was asked: this question would only wait behind one that waits already.
      if (!this.client.isReady || this.#overdue > 0) throw new Error(this.#trouble);
      const reply = question(this.client);
      let isOverdue = false;
      let later: NodeJS.Immediate | undefined;
      const deadline = setTimeout(() => {
        // Where this process itself was too busy, the answer may have come and not been read yet.
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

  /** Ends the connection at once: a Redis that hangs would never say goodbye. */
  close(): void {
    this.#isClosed = true;
    if (this.client.isOpen) this.client.destroy();
  }

  #fail(error: Error & { code?: unknown }): Error {
    // Where a name has several addresses Node's error has no message of its own.
    const why = error.message || String(error.code ?? error);
    if (this.#trouble === undefined && !this.#isClosed) this.#events.lost(why);
    // What came first says most: that the connection broke, not that another could not be made.
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
      // The client has no deadline for a command that was sent. A connection on which nothing moves is given up for
      // another one; the pings keep something moving on one that is idle.
      pingInterval: 500,
      socket: {
        connectTimeout: 2_000,
        socketTimeout: 2_000,
        reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 1_000) + Math.random() * 100,
      },
    });
  } catch {
    // Not quoted: it may hold a password.
    throw new TypeError('REDIS_URL must be an address as redis://127.0.0.1:6379.');
  }
}
