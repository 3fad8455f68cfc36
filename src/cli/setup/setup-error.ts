/** Why the tenant could not be set up. */
export class SetupError extends Error {
  readonly lines: readonly string[];

  constructor(...lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** What to do after a failure that may not happen again. */
export const RUN_AGAIN = 'Run this again: it continues where it stopped.';
