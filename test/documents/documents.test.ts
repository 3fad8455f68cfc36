import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { expect, it } from 'vitest';
import { AuthError, type AuthErrorReason } from '../../src/index.js';
import { PAGES, readPage } from '../support/markdown.js';

const root = new URL('../../', import.meta.url);
const readme = readPage('README.md');
const benchmarks = readPage('docs/benchmarks.md');
const performancePage = readPage('docs/performance.md');

it('every number in docs/performance.md is also in docs/benchmarks.md', () => {
  const numbers = performancePage.match(/(?<![\w-])\d+(\.\d+)?(?![\w-])/g) ?? [];
  expect(numbers.length).toBeGreaterThan(5);
  const measured = new Set(benchmarks.match(/\d+(\.\d+)?/g));
  expect(numbers.filter((number) => !measured.has(number))).toEqual([]);
});

it('docs/benchmarks.md has one picture and a table of ten rows, and links to all results', () => {
  const pictures = benchmarks.match(/^!\[.*$/gm) ?? [];
  const rows = benchmarks.match(/^\|.*$/gm) ?? [];
  expect([pictures.length, rows.length - 2]).toEqual([1, 10]);
  expect(benchmarks.indexOf('![')).toBeLessThan(benchmarks.indexOf('|'));
  expect(benchmarks).toContain('](benchmarks/all.md)');
});

it('the README is short, and has its sections in the order in which a new user needs them', () => {
  expect(readme.split(/\s+/).length).toBeLessThanOrEqual(1_500);
  expect(readme.split('\n').findIndex((line) => line.startsWith('```'))).toBeLessThan(20);
  expect(readme.match(/^## .*$/gm)).toEqual([
    '## Requirements',
    '## Protect a route',
    '## Set up Logto',
    '## Get a token',
    '## Guards',
    '## What a refused caller gets',
    '## Test your routes',
    '## Where to read on',
  ]);
});

it('docs/README.md links to every page', () => {
  const index = readPage('docs/README.md');
  const pages = PAGES.filter((path) => /^docs\/[^/]+\.md$|^docs\/[^/]+\/README\.md$/.test(path));
  const missing = pages.filter((path) => path !== 'docs/README.md' && !index.includes(`](${path.slice(5)})`));
  expect(missing).toEqual([]);
});

it('the README names the requirements before the install command', () => {
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

it.each(PAGES)('every picture and page that %s links to exists', (path) => {
  const links = [...readPage(path).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(
    ([, target]) => target as string,
  );
  const missing = links.filter((target) => !existsSync(new URL(target, new URL(path, root))));
  expect(missing).toEqual([]);
});

it.each(PAGES)('every heading that %s links to exists', (path) => {
  const links = [...readPage(path).matchAll(/\]\((?!https?:)([^)#]*\.md)?#([^)]+)\)/g)];
  const missing = links.filter(([, target, anchor]) => {
    const page = target === undefined ? path : join(dirname(path), target);
    return !anchorsOf(readPage(page)).includes(anchor ?? '');
  });
  expect(missing.map(([link]) => link)).toEqual([]);
});

it('docs/diagnostics.md has a row for each reason, with its status', () => {
  const rows = readPage('docs/diagnostics.md').matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm);
  const named = [...rows].map(([, reason = '', status]) => [reason, Number(status)]);
  const source = readFileSync(new URL('src/errors.ts', root), 'utf8');
  const [, union = ''] = /export type AuthErrorReason =([^;]+);/.exec(source) ?? [];
  const reasons = [...union.matchAll(/'(\w+)'/g)].map(([, reason]) => reason as AuthErrorReason);
  expect(named).toEqual(reasons.map((reason) => [reason, new AuthError(reason).status]));
});

/** The anchors that GitHub derives from headings. */
function anchorsOf(page: string): string[] {
  const headings = page.replace(/^```.*?^```$/gms, '').match(/^#+ .*$/gm) ?? [];
  return headings.map((heading) =>
    heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/ /g, '-'),
  );
}
