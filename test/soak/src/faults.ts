import type { ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';

/** The response that Logto would have sent: its key set. */
export interface KeyAnswer {
  contentType: string;
  body: string;
}

/** The delay of the slow response, in milliseconds: shorter than the time for which the API waits for Logto. */
const slowness = 400;

/** More bytes than the API reads of a key set. */
const padding = 300 * 1024;

/** The interval between two bytes, in milliseconds. The whole response takes longer than the API waits. */
const dripEvery = 50;

/** The target of the redirect. */
export const elsewhere = '/elsewhere';

function send(res: ServerResponse, { contentType, body }: KeyAnswer): void {
  res.writeHead(200, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }).end(body);
}

/**
 * The possible responses of a key endpoint, based on Logto's key set. The first one is valid, and the last one is valid
 * but late. An API must reject all others.
 */
export const answers = {
  well: send,

  'responds with 500': (res) => res.writeHead(500).end(),

  // A proxy in front of Logto sends such a page during maintenance.
  'responds with a page': (res) =>
    send(res, { contentType: 'text/html', body: '<!doctype html><title>Back soon</title>' }),

  'responds with an empty key set': (res, { contentType }) => send(res, { contentType, body: '{"keys":[]}' }),

  'responds with a redirect': (res) => res.writeHead(302, { location: elsewhere }).end(),

  'responds with too much': (res, { contentType, body }) =>
    send(res, { contentType, body: JSON.stringify({ ...JSON.parse(body), padding: ' '.repeat(padding) }) }),

  'ends its response too early': (res, { contentType, body }) => {
    res.writeHead(200, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
    res.write(body.slice(0, body.length / 2), () => res.destroy());
  },

  hangs: () => {},

  'responds byte by byte': (res, { contentType, body }) => {
    res.writeHead(200, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
    let sent = 0;
    const dripping = setInterval(() => res.write(body[sent++] ?? ''), dripEvery);
    res.once('close', () => clearInterval(dripping));
  },

  'is slow': async (res, answer) => {
    await setTimeout(slowness);
    send(res, answer);
  },
} satisfies Record<string, (res: ServerResponse, answer: KeyAnswer) => unknown>;

/** The possible faults of Logto. `is down`: nothing listens there. */
export type Fault = Exclude<keyof typeof answers, 'well'> | 'is down';
