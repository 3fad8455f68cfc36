import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AUDIENCE, forgedToken, readingToken, sharedLogto } from '../support/logto.js';

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const logto = await sharedLogto();

/** Starts a protected API in its own process, whose memory can be read. */
async function startApi(habit: 'careful' | 'keeping') {
  const script = file('snapshot-process.mjs');
  const api = fork(script, [file('../../dist'), logto.endpoint, AUDIENCE, habit]);
  const folder = mkdtempSync(join(tmpdir(), 'heap-'));
  onTestFinished(() => {
    api.kill();
    rmSync(folder, { recursive: true });
  });
  const [{ port }] = (await once(api, 'message')) as [{ port: number }];
  return {
    /** Sends one request on its own connection, which then closes. */
    async send(token?: string): Promise<number> {
      const headers = { connection: 'close', ...(token && { authorization: `Bearer ${token}` }) };
      const answer = await fetch(`http://127.0.0.1:${port}/products`, { headers });
      await answer.text();
      return answer.status;
    },
    /** All strings in the memory of the process, as one text. */
    async strings(): Promise<string> {
      const written = once(api, 'message');
      api.send(join(folder, 'heap.json'));
      await written;
      return (
        JSON.parse(readFileSync(join(folder, 'heap.json'), 'utf8')) as { strings: string[] }
      ).strings.join('\n');
    },
  };
}

/** Parts of a token that reveal its claims or its signature. */
function piecesOf(token: string): string[] {
  const [, payload = '', signature = ''] = token.split('.');
  return [payload.slice(0, 40), payload.slice(-40), signature.slice(0, 40), signature.slice(-40)];
}

/** Sends each token several times, so that it reaches every cache, and then requests without a token. */
async function sendAll(api: Awaited<ReturnType<typeof startApi>>, tokens: readonly string[], status: number) {
  for (const token of tokens) {
    for (let i = 0; i < 4; i += 1) expect(await api.send(token)).toBe(status);
  }
  // Node and V8 keep some data of the last request until the next one.
  for (let i = 0; i < 3; i += 1) expect(await api.send()).toBe(401);
}

describe('after a full garbage collection', () => {
  it('no string contains a part of a token, except the last characters of accepted tokens', async () => {
    const api = await startApi('careful');
    const [accepted, forged] = [
      await Promise.all(Array.from({ length: 5 }, () => readingToken(logto))),
      await Promise.all(Array.from({ length: 5 }, () => forgedToken(logto))),
    ];
    await sendAll(api, accepted, 200);
    await sendAll(api, forged, 401);
    const strings = await api.strings();
    const found = [...accepted, ...forged].flatMap(piecesOf).filter((piece) => strings.includes(piece));
    expect(found).toEqual([]);
    // The memo finds accepted tokens by these characters. They also show that the test sees all strings.
    for (const token of accepted) expect(strings.split('\n')).toContain(token.slice(-12));
    for (const token of forged) expect(strings).not.toContain(token.slice(-12));
    for (const token of accepted) expect(await api.send(token)).toBe(200);
  });

  it('strings contain the parts of a token that a handler keeps', async () => {
    const api = await startApi('keeping');
    const token = await readingToken(logto);
    await sendAll(api, [token], 200);
    const strings = await api.strings();
    for (const piece of piecesOf(token)) expect(strings).toContain(piece);
  });
});
