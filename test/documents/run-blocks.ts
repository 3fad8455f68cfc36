import { describe, expect, it } from 'vitest';
import { blocksOf } from '../support/markdown.js';
import type { Scenarios } from './scenario.js';

/** A block may start several processes. */
const LONG = { timeout: 60_000 };

/** What can run. Other blocks show headers, output or a diagram. */
const RUNNING = ['js', 'ts', 'sh'];

/**
 * Runs every block of these pages that claims to run, each in the scenario of its name. A block has a name behind its
 * language, which no reader of the page sees.
 */
export function runBlocks(
  pages: readonly string[],
  scenarios: Scenarios,
  /** By the name of a block: what it needs and this machine has not, if so. Such a block is skipped. */
  missing: Readonly<Record<string, string | undefined>> = {},
): void {
  const blocks = pages.flatMap(blocksOf).filter(({ language }) => RUNNING.includes(language));

  describe('every block of code', () => {
    it('has a name of its own, and every scenario a block', () => {
      const nameless = blocks
        .filter(({ name }) => name === undefined)
        .map(({ page, line }) => `${page}:${line}`);
      expect(nameless).toEqual([]);
      expect(blocks.map(({ name }) => name).sort()).toEqual(Object.keys(scenarios).sort());
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
