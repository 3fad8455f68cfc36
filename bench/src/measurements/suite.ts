import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { DEFAULT_NODE, programOf } from '../lab/nodes.js';
import { interleave, summarize } from '../lab/statistics.js';
import { number, withRange } from '../report/format.js';
import type { Measure } from './measurement.js';

const SUITES = { 'with the test kit and guards': 'kit', 'without both': 'open' } as const;
type Suite = keyof typeof SUITES;

const script = fileURLToPath(new URL('../processes/suite.js', import.meta.url));

/** Measures the cost of the test kit in a user's own tests. */
export const suite: Measure = async ({ quick }) => {
  const names = Object.keys(SUITES) as Suite[];
  const read = async (name: Suite) => {
    const began = performance.now();
    // Throws if a test fails.
    execFileSync(programOf(DEFAULT_NODE), [script, SUITES[name]], { stdio: 'pipe' });
    return performance.now() - began;
  };
  await interleave(names, 1, read);
  const readings = await interleave(names, quick ? 2 : 25, read);
  const more = readings['with the test kit and guards'].map(
    (ms, i) => ms - (readings['without both'][i] ?? 0),
  );
  const { median } = summarize(more);
  return {
    title: 'A suite with the test kit',
    how:
      'Ten tests under node:test, each with a request to an Express app: by startTestLogto, with a token and behind a guard, ' +
      'and the same without token and guard. Each reading is a whole process and includes imports and key generation.',
    verdicts: [
      {
        claim: 'A suite of ten tests, by the test kit: less than 200 ms longer',
        seen: `${number(median)} ms longer`,
        holds: median < 200,
      },
    ],
    tables: [
      {
        columns: ['', 'ms'],
        rows: [
          ...names.map((name) => [name, withRange(summarize(readings[name]))]),
          ['the difference of two next to each other', withRange(summarize(more))],
        ],
      },
    ],
  };
};
