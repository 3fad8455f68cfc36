import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import express, { type Request, type RequestHandler, type Response } from 'express';

const { request } = express();
const socket = new Socket();

/**
 * Returns a request as Express passes it to a handler: Node's own object with the prototype of Express, and with parsed
 * headers. Its strings are new ones, like those from a connection.
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

/** Returns the same text at another place in memory. */
export function fresh(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

/** Passes a request through the guards. Resolves with the status of their response, or with 200 if they accept it. */
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

/** Returns a response that sends nothing, so that only the guard is measured. */
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

/** Returns the microseconds that a guard takes for a request that it accepts synchronously. */
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
 * Returns the microseconds per call. The inputs of the calls are made in advance, outside the measured time, in batches
 * of a hundred. A server holds about that number of requests; with thousands at once, the garbage collector would move
 * them, and its time would be measured. The event loop runs between two batches, as it does between requests.
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
