import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import type { Exchange } from './exchange.js';
import { callerPatience } from './settings.js';
import type { SoakToken } from './tokens.js';

/** Calls the API over connections that are kept alive, and records the exchanges. */
export class Caller {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true });
  #exchanges: Exchange[] = [];
  #underWay = 0;
  #onIdle: (() => void) | undefined;

  /** @param url - the address to get */
  constructor(url: string) {
    this.#url = url;
  }

  /** Sends a token. The exchange is recorded when the response arrives. */
  send(token: SoakToken): void {
    const sentAt = Date.now();
    const began = performance.now();
    this.#underWay += 1;
    this.#get(token, (status) => {
      const took = performance.now() - began;
      this.#exchanges.push({
        kind: token.kind,
        keyId: token.keyId,
        sentAt,
        answeredAt: Date.now(),
        took,
        status,
      });
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#onIdle?.();
    });
  }

  /** Returns the exchanges that ended since the last call. */
  collect(): Exchange[] {
    const exchanges = this.#exchanges;
    this.#exchanges = [];
    return exchanges;
  }

  /** Waits for the responses to the running requests. */
  async idle(): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    this.#agent.destroy();
  }

  #get(token: SoakToken, onEnd: (status: number) => void): void {
    const headers = token.kind === 'none' ? {} : { authorization: `Bearer ${token.text}` };
    const request = get(this.#url, { agent: this.#agent, headers, timeout: callerPatience });
    const isAnswered = once(request, 'response').then(async ([response]: IncomingMessage[]) => {
      for await (const _ of response ?? []);
      return response?.statusCode ?? 0;
    });
    request.once('timeout', () => request.destroy(new Error('It took too long.')));
    isAnswered.then(onEnd, (error: NodeJS.ErrnoException) => {
      // The server closed an idle connection before it received this request, as any server may.
      if (request.reusedSocket && error.code === 'ECONNRESET') this.#get(token, onEnd);
      else onEnd(0);
    });
  }
}
