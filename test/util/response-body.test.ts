import { describe, expect, it } from 'vitest';
import { BodyTooLarge, readBody } from '../../src/util/response-body.js';

const MAX_BYTES = 256 * 1024;
const read = (body: string | null, signal = new AbortController().signal) =>
  readBody(new Response(body), signal);

describe('readBody', () => {
  it.each([
    ['no body', null, ''],
    ['an empty body', '', ''],
    ['a text', 'tea: 茶', 'tea: 茶'],
    ['a body of the maximum size', 'x'.repeat(MAX_BYTES), 'x'.repeat(MAX_BYTES)],
  ])('returns %s as a string', async (_what, body, expected) => {
    expect(await read(body)).toBe(expected);
  });

  it('rejects if the body is larger than the maximum', async () => {
    await expect(read('x'.repeat(MAX_BYTES + 1))).rejects.toThrow(BodyTooLarge);
  });

  it("rejects with the signal's reason if it is aborted", async () => {
    await expect(read('tea', AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  });
});
