import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { corpus } from '../attacks/corpus/index.js';
import { readPage } from '../support/markdown.js';

const root = new URL('../../', import.meta.url);

/** A link to a test file, and the quoted titles after it. */
const NAMED = /\[`(test\/[^`]+)`\]\(\.\.\/([^)]+)\)(?:: ((?:"[^"]+"(?:, )?)+))?/g;

describe('the tests that docs/security.md names', () => {
  const page = readPage('docs/security.md');
  const named = [...page.matchAll(NAMED)].map(([, name = '', link = '', titles = '']) => ({
    name,
    link,
    titles: [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title),
  }));
  const rows = page.split('\n').filter((line) => /^\| (?!threat |---)/.test(line));

  it('cover each threat', () => {
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter((row) => row.match(NAMED) === null)).toEqual([]);
  });

  it('exist at the paths of their links', () => {
    for (const { name, link } of named) {
      if (name !== 'test/attacks') expect(link).toBe(name);
      expect(readFileSync(new URL(link, root), 'utf8')).toMatch(/\b(it|test|describe|Attack)\b/);
    }
  });

  it('have the quoted titles', () => {
    const titled = named.flatMap(({ link, titles }) => titles.map((title) => ({ link, title })));
    expect(titled.length).toBeGreaterThan(10);
    const missing = titled.filter(
      ({ link, title }) => !readFileSync(new URL(link, root), 'utf8').includes(title),
    );
    expect(missing).toEqual([]);
  });

  it('contain about as many attacks as the page says', () => {
    const [, said] = /holds some (\d+) attacks/.exec(page) ?? [];
    const count = Object.values(corpus).flat().length;
    expect(Math.abs(count - Number(said))).toBeLessThan(15);
  });
});
