import { describe, expect, it } from 'vitest';
import { blocksOf, indentedCode, readPage, strayFences } from '../support/markdown.js';
import type { Scenarios } from './scenario.js';

/** A block may start several processes. */
const LONG = { timeout: 60_000 };

/**
 * What need not run: headers, data, a diagram; in `typescript` is the code to move away from. All else has to, and
 * whatever has a name.
 */
const SHOWN = ['http', 'json', 'jsonc', 'mermaid', 'text', 'typescript', 'yaml'];

/**
 * Runs every block of these pages, but for those that only show something, each in the scenario of its name. A block
 * has a name behind its language, which no reader of the page sees.
 */
export function runBlocks(
  pages: readonly string[],
  scenarios: Scenarios,
  /** By the name of a block: what it needs and this machine has not, if so. Such a block is skipped. */
  missing: Readonly<Record<string, string | undefined>> = {},
): void {
  const blocks = pages
    .flatMap(blocksOf)
    .filter(({ language, name }) => name !== undefined || !SHOWN.includes(language));

  describe('every block of code', () => {
    it('has a name of its own, and every scenario a block', () => {
      const nameless = blocks
        .filter(({ name }) => name === undefined)
        .map(({ page, line }) => `${page}:${line}`);
      expect(nameless).toEqual([]);
      expect(blocks.map(({ name }) => name).sort()).toEqual(Object.keys(scenarios).sort());
    });

    it.each(pages)('is one that is found, in %s', (page) => {
      const text = readPage(page);
      expect(strayFences(text)).toEqual([]);
      // The example's commands are indented; its own tests run them.
      if (!page.startsWith('example-server/')) expect(indentedCode(text)).toEqual([]);
    });
  });

  for (const { page, line, name = '', code } of blocks) {
    const lack = missing[name];
    const title = `${page}:${line} ${name} does what the page says`;
    it.skipIf(lack !== undefined)(
      lack === undefined ? title : `${title} (skipped: ${lack})`,
      LONG,
      async () => {
        const scenario = scenarios[name];
        if (scenario === undefined) throw new Error(`There is no scenario ${name}.`);
        await scenario(code);
      },
    );
  }
}
