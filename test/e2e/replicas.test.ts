import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import KeyvRedis from '@keyv/redis';
import Keyv from 'keyv';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { API, Recorder, TokenIssuer } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { Redis } from '../support/redis.js';

let logto: TokenIssuer;

beforeEach(async () => {
  logto = await TokenIssuer.start();
});
afterEach(() => logto.stop());

const suite = Redis.isMissing
  ? 'replicas on one Redis (skipped: redis-server is not installed)'
  : 'replicas on one Redis';
describe.skipIf(Redis.isMissing)(suite, { timeout: 120_000 }, () => {
  afterEach(() => Redis.killAll());

  it('ten processes share one token request in at least one of three rounds', async () => {
    const redis = await Redis.start();
    // A store that has only get and set cannot prevent a second request.
    const counts: number[] = [];
    for (let round = 0; round < 3; round += 1) counts.push(await tenProcesses(redis.url));
    expect(Math.min(...counts)).toBe(1);
    expect(Math.max(...counts)).toBeLessThanOrEqual(10);
  });

  it('a replica that starts while Logto is down gets the token of the others', async () => {
    const redis = await Redis.start();
    const store = new Keyv(new KeyvRedis(redis.url));
    const first = await logto.client({ store }).getAccessToken();
    const another = logto.client({ store });
    await eventually(async () => expect(await another.getAccessToken()).toEqual(first));
    await logto.goDown();
    expect(await logto.client({ store }).getAccessToken()).toEqual(first);
    await store.disconnect();
  });
});

/** Lets ten processes on one Redis get a token at the same time. Returns the number of requests to Logto. */
async function tenProcesses(redis: string): Promise<number> {
  const counted = await countingProxy(logto.endpoint);
  const { id, secret } = logto.app();
  const options = {
    endpoint: counted.url,
    appId: id,
    appSecret: secret,
    resource: API,
    scopes: ['read:products'],
  };
  const file = fileURLToPath(new URL('../support/client-process.mjs', import.meta.url));
  const children = Array.from({ length: 10 }, () => fork(file, [redis, JSON.stringify(options)]));
  try {
    await Promise.all(children.map((child) => once(child, 'message')));
    const answers = children.map((child) => once(child, 'message'));
    for (const child of children) child.send('go');
    const tokens = (await Promise.all(answers)).map(([token]) => token);
    expect(tokens.every((token) => typeof token === 'string' && token.split('.').length === 3)).toBe(true);
    expect(new Set(tokens).size).toBe(counted.requests());
    return counted.requests();
  } finally {
    for (const child of children) child.kill();
    await counted.stop();
  }
}

/** Starts a proxy that forwards requests to Logto and counts them. */
async function countingProxy(endpoint: string) {
  const recorder = await Recorder.start(async (req, res) => {
    let body = '';
    for await (const chunk of req) body += chunk;
    const answer = await fetch(endpoint + req.url, {
      method: 'POST',
      body,
      headers: {
        authorization: String(req.headers.authorization),
        'content-type': String(req.headers['content-type']),
      },
    });
    res.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  });
  return { url: recorder.url, requests: () => recorder.requests.length, stop: () => recorder.stop() };
}
