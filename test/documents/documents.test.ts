import { existsSync, readFileSync } from 'node:fs';
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

it('docs/benchmarks.md begins with one picture and ten rows, and leads to everything else', () => {
  const pictures = benchmarks.match(/^!\[.*$/gm) ?? [];
  const rows = benchmarks.match(/^\|.*$/gm) ?? [];
  expect([pictures.length, rows.length - 2]).toEqual([1, 10]);
  expect(benchmarks.indexOf('![')).toBeLessThan(benchmarks.indexOf('|'));
  expect(benchmarks).toContain('](benchmarks/all.md)');
});

it('the README names the requirements before the line that installs', () => {
  const { engines, peerDependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  const [, lines = ''] = /^## Requirements\n\n(.*?)\n\n.*^npm install /ms.exec(readme) ?? [];
  expect(lines.split('\n').map((line) => /^- \*\*(\w+)\*\*/.exec(line)?.[1])).toEqual([
    'Node',
    'TypeScript',
    'jest',
  ]);
  expect(engines.node).toBe('^20.19.0 || >=22.12.0');
  expect(lines).toContain('20.19, 22.12 or newer');
  expect(peerDependencies.express).toBe('^4.16.0 || ^5.0.0');
  expect(lines).toContain('**Express** 4.16 or newer, or 5');
});

it.each(PAGES)('every picture and page that %s links to is there', (path) => {
  const links = [...readPage(path).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(
    ([, target]) => target as string,
  );
  const missing = links.filter((target) => !existsSync(new URL(target, new URL(path, root))));
  expect(missing).toEqual([]);
});
