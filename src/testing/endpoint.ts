import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers';
import type { Fault } from './fault.js';

type Respond = (req: IncomingMessage, res: ServerResponse) => void;

/** One endpoint of Logto. It counts its requests, and can be made to fail. */
export class Endpoint {
  /** The number of requests. */
  requests = 0;
  /** The current fault; undefined if there is none. */
  fault: Fault | undefined;
  readonly #respond: Respond;

  constructor(respond: Respond) {
    this.#respond = respond;
  }

  serve(req: IncomingMessage, res: ServerResponse): void {
    this.requests += 1;
    const { fault } = this;
    if (fault === undefined) this.#respond(req, res);
    else if (fault.delay === 0) this.#fail(fault, req, res);
    else setTimeout(() => this.#fail(fault, req, res), fault.delay * 1_000).unref();
  }

  #fail({ response }: Fault, req: IncomingMessage, res: ServerResponse): void {
    if (response === undefined) this.#respond(req, res);
    else res.writeHead(response.status, { 'content-type': response.type }).end(response.body);
  }
}
