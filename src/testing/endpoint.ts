import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers';
import { own } from '../checks/own.js';
import { sendJson } from './answers.js';
import type { TestFault } from './fault.js';

type Answer = (req: IncomingMessage, res: ServerResponse) => void;

/** One address of Logto. It counts its requests, and can be told to fail. */
export class Endpoint {
  /** How often it was asked. */
  requests = 0;
  /** How it fails; undefined where it does not. */
  fault: TestFault | undefined;
  readonly #answer: Answer;

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  serve(req: IncomingMessage, res: ServerResponse): void {
    this.requests += 1;
    const { fault = {} } = this;
    const delay = own(fault, 'delay') ?? 0;
    if (delay === 0) this.#send(fault, req, res);
    else setTimeout(() => this.#send(fault, req, res), delay * 1_000).unref();
  }

  #send(fault: TestFault, req: IncomingMessage, res: ServerResponse): void {
    const [status, body] = [own(fault, 'status'), own(fault, 'body')];
    if (status === undefined && body === undefined) this.#answer(req, res);
    else if (typeof body === 'object') sendJson(res, status ?? 200, body);
    else res.writeHead(status ?? 200, { 'content-type': 'text/html; charset=utf-8' }).end(body);
  }
}
