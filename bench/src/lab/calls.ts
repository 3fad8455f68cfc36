import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import express, { type Request, type RequestHandler, type Response } from 'express';

const { request } = express();
const socket = new Socket();

/**
 * A request as Express hands it to a handler: Node's own object under Express's prototype, its headers read once. The
 * texts are new ones, as they are when they come from a connection.
 */
export function requestWith(token: string | undefined): Request {
  const message = new IncomingMessage(socket);
  message.method = 'GET';
  message.url = '/products';
  message.rawHeaders = ['Host', '127.0.0.1:3000', 'Connection', 'keep-alive'];
  if (token !== undefined) message.rawHeaders.push('Authorization', fresh(`Bearer ${token}`));
  message.headers = { host: '127.0.0.1:3000', connection: 'keep-alive' };
  if (token !== undefined) message.headers.authorization = message.rawHeaders.at(-1);
  return Object.setPrototypeOf(message, request);
}

/** The same text at another place in memory. */
export function fresh(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** Walks a request through the guards. Resolves with the status that they answered, or 200 where they let it through. */
export function walk(guards: readonly RequestHandler[], req: Request): Promise<number> {
  return new Promise((resolve) => {
    let position = 0;
    const res = silentResponse(resolve);
    const next = (error?: unknown): void => {
      const guard = guards[position];
      position += 1;
      if (error) resolve((error as { status?: number }).status ?? 500);
      else if (guard === undefined) resolve(200);
      else void guard(req, res, next);
    };
    next();
  });
}

/** Takes an answer and does nothing with it, so that what is measured is the guard alone. */
function silentResponse(answered: (status: number) => void): Response {
  const res = {
    statusCode: 200,
    headersSent: false,
    setHeader: () => res,
    set: () => res,
    status: (code: number) => {
      res.statusCode = code;
      return res;
    },
    json: () => answered(res.statusCode),
    end: () => answered(res.statusCode),
  };
  return res as unknown as Response;
}

/** Microseconds that a guard takes for a request that it lets through at once. */
export async function timeHits(guard: RequestHandler, calls: number, tokenOf: () => string): Promise<number> {
  let passed = 0;
  const next = () => {
    passed += 1;
  };
  const make = () => requestWith(tokenOf());
  const time = await timeInBatches(calls, make, (req) => void guard(req, undefined as never, next));
  if (passed !== calls) throw new Error(`Only ${passed} of ${calls} requests passed at once.`);
  return time;
}

/**
 * Microseconds a call. What the calls take is made beforehand, a hundred at a time and out of the time: a server holds
 * about so many requests, and thousands held at once would show the garbage collector moving them about. Between two
 * batches the event loop runs, as it does between requests.
 */
export async function timeInBatches<T>(
  calls: number,
  make: (i: number) => T,
  call: (made: T) => void,
): Promise<number> {
  let time = 0;
  for (let done = 0; done < calls; done += 100) {
    await new Promise((resolve) => setImmediate(resolve));
    const batch = Array.from({ length: Math.min(100, calls - done) }, (_, i) => make(done + i));
    const began = performance.now();
    for (const made of batch) call(made);
    time += performance.now() - began;
  }
  return (time * 1000) / calls;
}
