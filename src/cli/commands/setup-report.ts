import { withoutQuery } from '../../util/addresses.js';
import type { Output } from '../output.js';
import type { Variable } from '../setup/environment.js';
import type { Action, Step } from '../setup/steps.js';
import { ExitCode } from '../usage.js';
import { assignment } from '../words.js';

const SIGNS = {
  make: { format: 'green', text: '+' },
  there: { format: 'dim', text: '=' },
  differs: { format: 'yellow', text: '!' },
  beside: { format: 'yellow', text: '?' },
  lacks: { format: 'red', text: '-' },
} as const;

/** Prints one line for each object that `setup` found or created; with --json, everything at the end. */
export class SetupReport {
  readonly #output: Output;
  readonly #isJson: boolean;
  readonly #steps: Pick<Step, 'action' | 'text'>[] = [];

  constructor(output: Output, isJson: boolean) {
    this.#output = output;
    this.#isJson = isJson;
  }

  show({ action, text }: Step): void {
    this.#steps.push({ action, text });
    if (this.#isJson) return;
    this.#output.result([SIGNS[action], ` ${text}`]);
  }

  /** Shows the current request, only on a terminal. */
  progress(path: string): void {
    this.#output.progress(`  ${withoutQuery(path)} …`);
  }

  wait(seconds: number, status: number): void {
    this.#output.say(`waiting ${Math.round(seconds)} s before a retry (status ${status})`);
  }

  closeMade(variables: readonly Variable[], file?: string): ExitCode {
    const made = this.#count('make');
    const summary = [
      made === 0 ? 'Nothing to do.' : `${objects(made)} ${made === 1 ? 'was' : 'were'} created.`,
      ...this.#onDifferences(),
    ];
    const written =
      file === undefined ? variables.map(([name, value]) => assignment(name, value)) : [`Wrote ${file}.`];
    return this.#close(ExitCode.ok, [...summary, '', ...written], {
      variables: Object.fromEntries(variables),
    });
  }

  closePlan(): ExitCode {
    const count = this.#count('make');
    const summary =
      count === 0 ? 'Nothing to do.' : `${objects(count)} would be created. Nothing was changed.`;
    return this.#close(count === 0 ? ExitCode.ok : ExitCode.changesNeeded, [
      summary,
      ...this.#onDifferences(),
    ]);
  }

  closeCheck(): ExitCode {
    const [toMake, differing, unknown, extra] = (['make', 'differs', 'lacks', 'beside'] as const).map(
      (action) => this.#count(action),
    ) as [number, number, number, number];
    const summary = [
      ...(toMake > 0 ? [`${missing(toMake)} in the tenant (+).`] : []),
      ...(differing > 0 ? [`${differences(differing)} (!).`] : []),
      ...(unknown > 0 ? [`${missing(unknown)} in the file (-).`] : []),
      ...(extra > 0 ? [`There ${extra === 1 ? 'is 1 warning' : `are ${extra} warnings`} (?).`] : []),
    ];
    const isOk = toMake + differing + unknown === 0;
    const all = isOk ? ['Nothing is missing, and nothing differs.', ...summary] : summary;
    return this.#close(isOk ? ExitCode.ok : ExitCode.finding, all);
  }

  fail(code: string, lines: readonly string[], exitCode: ExitCode): ExitCode {
    const error = { code, message: lines.join('\n') };
    if (this.#isJson) this.#output.json({ ok: false, steps: this.#steps, error });
    else for (const line of lines) this.#output.say(line);
    return exitCode;
  }

  #count(action: Action): number {
    return this.#steps.filter((step) => step.action === action).length;
  }

  #onDifferences(): string[] {
    const count = this.#count('differs');
    if (count === 0) return [];
    const [were, them] = count === 1 ? ['was', 'it'] : ['were', 'them'];
    return [
      `${differences(count)} (!) and ${were} not changed: change ${them} in the Logto Console, or in the file.`,
    ];
  }

  #close(code: ExitCode, lines: readonly string[], rest: object = {}): ExitCode {
    if (this.#isJson) this.#output.json({ ok: code === ExitCode.ok, steps: this.#steps, ...rest });
    else for (const line of ['', ...lines]) this.#output.result(line);
    return code;
  }
}

function objects(count: number): string {
  return count === 1 ? '1 object' : `${count} objects`;
}

function missing(count: number): string {
  return `${objects(count)} ${count === 1 ? 'is' : 'are'} missing`;
}

/** An object may differ in several values. */
function differences(count: number): string {
  return count === 1 ? '1 value differs' : `${count} values differ`;
}
