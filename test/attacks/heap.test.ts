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

/** A protected API in a process of its own, whose memory can be read. */
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
    /** All strings in its memory, as one text. */
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

/** Pieces of a token that say more than that it came. */
function piecesOf(token: string): string[] {
  const [, payload = '', signature = ''] = token.split('.');
  return [payload.slice(0, 40), payload.slice(-40), signature.slice(0, 40), signature.slice(-40)];
}

/** Sends each token so often that every cache has seen it, and other requests afterwards. */
async function sendAll(api: Awaited<ReturnType<typeof startApi>>, tokens: readonly string[], status: number) {
  for (const token of tokens) {
    for (let i = 0; i < 4; i += 1) expect(await api.send(token)).toBe(status);
  }
  // Node and V8 keep some things of the last request until the next.
  for (let i = 0; i < 3; i += 1) expect(await api.send()).toBe(401);
}

describe('after a full garbage collection', () => {
  it('no string holds a part of a token, accepted or refused, but the ends of the accepted', async () => {
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
    // By which the memo finds them, and by which this test shows that it can see what is there.
    for (const token of accepted) expect(strings.split('\n')).toContain(token.slice(-12));
    for (const token of forged) expect(strings).not.toContain(token.slice(-12));
    for (const token of accepted) expect(await api.send(token)).toBe(200);
  }, 60_000);

  it('a token is found there where a handler keeps it', async () => {
    const api = await startApi('keeping');
    const token = await readingToken(logto);
    await sendAll(api, [token], 200);
    const strings = await api.strings();
    for (const piece of piecesOf(token)) expect(strings).toContain(piece);
  }, 60_000);
});
