import { expect, it } from 'vitest';
import { printable, printableJson, quote } from '../../src/util/printable.js';

/** C0, DEL, C1, soft hyphen, bidirectional marks and overrides, zero width, separators, a tag character. */
const UNPRINTABLE = '\u0000\u001b\u007f\u009b\u00ad\u061c\u200b\u200e\u202e\u2028\u2029\u2066\ufeff\u{e0041}';

it('printable escapes characters that affect a terminal or a log, and no others', () => {
  expect(printable(`a${UNPRINTABLE}b`)).toBe(
    'a\\u0000\\u001b\\u007f\\u009b\\u00ad\\u061c\\u200b\\u200e\\u202e\\u2028\\u2029\\u2066\\ufeff\\udb40\\udc41b',
  );
  expect(printable('Grüße, 東京 – 😀 "x"')).toBe('Grüße, 東京 – 😀 "x"');
});

it('printableJson keeps the value and the lines of a JSON text', () => {
  const value = { [UNPRINTABLE]: [UNPRINTABLE, 'x\ny'] };
  const text = printableJson(JSON.stringify(value, undefined, 2));
  expect(text.split('\n')).toHaveLength(6);
  expect(text).toMatch(/^[\n -~]*$/);
  expect(JSON.parse(text)).toEqual(value);
});

it('quote escapes, nests and shortens values for a hint', () => {
  expect(quote(`a${UNPRINTABLE}`)).toMatch(/^"a(\\u[\da-f]{4})+"$/);
  expect(quote(['\u202e', ['x']])).toBe('["\\u202e",[…]]');
  expect(quote('x'.repeat(101))).toBe(`"${'x'.repeat(100)}…"`);
});
