import { expect, it } from 'vitest';
import { splitCompactJws } from '../../src/verification/compact-jws.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Whether the text is what its own bytes are encoded to. */
const isCanonical = (part: string) => Buffer.from(part, 'base64url').toString('base64url') === part;

it('gives the parts, and what was signed', () => {
  expect(splitCompactJws('e30.e30x.AAAA')).toEqual({
    header: 'e30',
    payload: 'e30x',
    signature: 'AAAA',
    signingInput: 'e30.e30x',
  });
});

it.each([0, 1, 2])(
  'takes as part %i what is canonical, whatever its last character, and nothing else',
  (index) => {
    const verdicts = ['', 'A', 'AA', 'AAA', 'AAAA', 'AAAAA'].flatMap((start) =>
      [...ALPHABET, '=', '+', '/', ' ', 'é'].map((last) => {
        const part = start + last;
        const parts = ['AAAA', 'AAAA', 'AAAA'].with(index, part);
        return { part, taken: splitCompactJws(parts.join('.')) !== undefined };
      }),
    );
    expect(verdicts).toEqual(verdicts.map(({ part }) => ({ part, taken: isCanonical(part) })));
    expect(verdicts.filter(({ taken }) => taken).length).toBe(4 + 16 + 64 + 4);
  },
);

it.each([
  '',
  '.',
  '..',
  'AAAA',
  'AAAA.AAAA',
  'AAAA.AAAA.',
  '.AAAA.AAAA',
  'AAAA..AAAA',
  'AAAA.AAAA.AAAA.AAAA',
  'AAAA.AAAA.AAAA\n',
])('does not take %j', (text) => {
  expect(splitCompactJws(text)).toBeUndefined();
});
