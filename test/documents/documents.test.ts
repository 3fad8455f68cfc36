import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PAGES, readPage } from '../support/markdown.js';

const root = new URL('../../', import.meta.url);
const readme = readPage('README.md');
const benchmarks = readPage('docs/benchmarks.md');

describe('the benchmarks in the README', () => {
  const section = /^## Never in the way\n(.*?)^## /ms.exec(readme)?.[1] ?? '';

  it('are numbers of docs/benchmarks.md, each of them', () => {
    const numbers = section.match(/(?<![\w-])\d+(\.\d+)?(?![\w-])/g) ?? [];
    expect(numbers.length).toBeGreaterThan(5);
    const measured = new Set(benchmarks.match(/\d+(\.\d+)?/g));
    expect(numbers.filter((number) => !measured.has(number))).toEqual([]);
  });
});

it.each(PAGES)('every picture and page that %s links to is there', (path) => {
  const links = [...readPage(path).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(
    ([, target]) => target as string,
  );
  const missing = links.filter((target) => !existsSync(new URL(target, new URL(path, root))));
  expect(missing).toEqual([]);
});
