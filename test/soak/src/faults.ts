import type { ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';

/** What Logto would have answered: its key set. */
export interface KeyAnswer {
  contentType: string;
  body: string;
}

/** How long the slow answer takes to come, in milliseconds: less than the API's patience with Logto. */
const slowness = 400;

/** More than the API reads of a key set. */
const padding = 300 * 1024;

/** One byte in so many milliseconds: the whole answer takes longer than anybody waits. */
const dripEvery = 50;

/** Where the redirect leads. */
export const elsewhere = '/elsewhere';

function send(res: ServerResponse, { contentType, body }: KeyAnswer): void {
  res.writeHead(200, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }).end(body);
}

/**
 * The ways in which a key endpoint can answer, given the key set that Logto has. Of all but the first and the last
 * no API may believe a word; the last one is right, and late.
 */
export const answers = {
  well: send,

  'answers 500': (res) => res.writeHead(500).end(),

  // As a proxy in front of Logto does for its maintenance.
  'answers with a page': (res) =>
    send(res, { contentType: 'text/html', body: '<!doctype html><title>Back soon</title>' }),

  'answers with an empty key set': (res, { contentType }) => send(res, { contentType, body: '{"keys":[]}' }),

  'answers with a redirect': (res) => res.writeHead(302, { location: elsewhere }).end(),

  'answers with too much': (res, { contentType, body }) =>
    send(res, { contentType, body: JSON.stringify({ ...JSON.parse(body), padding: ' '.repeat(padding) }) }),

  'breaks off its answer': (res, { contentType, body }) => {
    res.writeHead(200, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
    res.write(body.slice(0, body.length / 2), () => res.destroy());
  },

  hangs: () => {},

  'answers byte by byte': (res, { contentType, body }) => {
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

/** What can be wrong with Logto. `is down`: nothing listens there. */
export type Fault = Exclude<keyof typeof answers, 'well'> | 'is down';
