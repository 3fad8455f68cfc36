import { own } from '../../util/own.js';
import { cut } from '../../util/printable.js';
import type { Finding } from '../diagnosis/finding.js';
import type { Output } from '../output.js';
import { withoutTokens } from '../redact.js';

const SIGNS = {
  ok: { format: 'green', text: '✓' },
  problem: { format: 'red', text: '✗' },
  skipped: { format: 'dim', text: '-' },
} as const;
/** The length of the longest name of a check. */
const WIDTH = 13;
/** In characters. Longer words come from outside, such as an issuer, a header or a name. */
const LONGEST_WORD = 300;
const LONGEST = 2_000;

/** Prints each finding when it is added; with --json, all of them at the end. */
export class Report {
  readonly #findings: Finding[] = [];
  readonly #output: Output;
  readonly #isJson: boolean;

  constructor(output: Output, isJson: boolean) {
    this.#output = output;
    this.#isJson = isJson;
  }

  add(finding: Finding): void {
    const { check, verdict } = finding;
    const message = safeLine(finding.message);
    const advice = own(finding, 'fix');
    const fix = advice === undefined ? undefined : safeLine(advice);
    this.#findings.push({ check, verdict, message, ...(fix !== undefined && { fix }) });
    if (this.#isJson) return;
    this.#output.result([SIGNS[verdict], ` ${check.padEnd(WIDTH)} ${message}`]);
    if (fix !== undefined) this.#output.result(`  ${''.padEnd(WIDTH)} → ${fix}`);
  }

  /** @returns whether there is no problem */
  close(): boolean {
    const count = this.#findings.filter(({ verdict }) => verdict === 'problem').length;
    if (this.#isJson) this.#output.json({ ok: count === 0, checks: this.#findings });
    else {
      const counted =
        count === 1 ? 'One problem.' : `${count} problems. Fix the first one first: it may cause the others.`;
      this.#output.result('');
      this.#output.result(count === 0 ? 'No problem was found.' : counted);
    }
    return count === 0;
  }
}

/** Shortens a line, and removes tokens from it. */
function safeLine(text: string): string {
  const words = withoutTokens(text).replace(/\S+/g, (word) => cut(word, LONGEST_WORD));
  return cut(words, LONGEST);
}
