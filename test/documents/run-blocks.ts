import { describe, expect, it } from 'vitest';
import { blocksOf, indentedCode, readPage, strayFences } from '../support/markdown.js';
import type { Scenarios } from './scenario.js';

/**
 * Languages of blocks that need not run: headers, data, diagrams, and `typescript` for code to migrate from. Blocks in
 * other languages must run, as must all blocks with a name.
 */
const SHOWN = ['http', 'json', 'jsonc', 'mermaid', 'text', 'typescript', 'yaml'];

/**
 * Runs every block of these pages that must run, each in the scenario of its name. The name follows the language of the
 * block and is not visible on the page.
 */
export function runBlocks(
  pages: readonly string[],
  scenarios: Scenarios,
  /** The missing requirement of a block, by the name of the block; such a block is skipped. */
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
      // The commands of the example are indented; the tests of the example run them.
      if (!page.startsWith('example-server/')) expect(indentedCode(text)).toEqual([]);
    });
  });

  for (const { page, line, name = '', code } of blocks) {
    const lack = missing[name];
    const title = `${page}:${line} ${name} does what the page says`;
    it.skipIf(lack !== undefined)(lack === undefined ? title : `${title} (skipped: ${lack})`, async () => {
      const scenario = scenarios[name];
      if (scenario === undefined) throw new Error(`There is no scenario ${name}.`);
      await scenario(code);
    });
  }
}
