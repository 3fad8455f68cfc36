import { expect, it } from 'vitest';
import { splitCompactJws } from '../../src/verification/compact-jws.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Whether the text is the canonical encoding of its bytes. */
const isCanonical = (part: string) => Buffer.from(part, 'base64url').toString('base64url') === part;

it('returns the parts and the signing input', () => {
  expect(splitCompactJws('e30.e30x.AAAA')).toEqual({
    header: 'e30',
    payload: 'e30x',
    signature: 'AAAA',
    signingInput: 'e30.e30x',
  });
});

it.each([0, 1, 2])(
  'accepts as part %i only canonical base64url, for each possible last character',
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
])('refuses %j', (text) => {
  expect(splitCompactJws(text)).toBeUndefined();
});
