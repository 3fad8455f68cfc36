import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');
const readme = read('README.md');
const benchmarks = read('docs/benchmarks.md');

describe('the benchmarks in the README', () => {
  const section = /^## Never in the way\n(.*?)^## /ms.exec(readme)?.[1] ?? '';

  it('are numbers of docs/benchmarks.md, each of them', () => {
    const numbers = section.match(/(?<![\w-])\d+(\.\d+)?(?![\w-])/g) ?? [];
    expect(numbers.length).toBeGreaterThan(5);
    const measured = new Set(benchmarks.match(/\d+(\.\d+)?/g));
    expect(numbers.filter((number) => !measured.has(number))).toEqual([]);
  });
});

it.each(['README.md', 'docs/benchmarks.md', 'example-server/README.md'])(
  'every picture and page that %s links to is there',
  (path) => {
    const links = [...read(path).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(
      ([, target]) => target as string,
    );
    const missing = links.filter((target) => !existsSync(new URL(target, new URL(path, root))));
    expect(missing).toEqual([]);
  },
);
