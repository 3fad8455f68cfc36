import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers';
import type { Fault } from './fault.js';

type Answer = (req: IncomingMessage, res: ServerResponse) => void;

/** One endpoint of Logto. It counts its requests, and can be made to fail. */
export class Endpoint {
  /** The number of requests. */
  requests = 0;
  /** The current fault; undefined if there is none. */
  fault: Fault | undefined;
  readonly #answer: Answer;

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  serve(req: IncomingMessage, res: ServerResponse): void {
    this.requests += 1;
    const { fault } = this;
    if (fault === undefined) this.#answer(req, res);
    else if (fault.delay === 0) this.#fail(fault, req, res);
    else setTimeout(() => this.#fail(fault, req, res), fault.delay * 1_000).unref();
  }

  #fail({ answer }: Fault, req: IncomingMessage, res: ServerResponse): void {
    if (answer === undefined) this.#answer(req, res);
    else res.writeHead(answer.status, { 'content-type': answer.type }).end(answer.body);
  }
}
