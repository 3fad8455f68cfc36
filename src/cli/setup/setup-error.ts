/** The tenant could not be set up, for the reason in `lines`. */
export class SetupError extends Error {
  readonly lines: readonly string[];

  constructor(...lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** The remedy for a failure that may be transient. */
export const RUN_AGAIN = 'Run this again: it continues where it stopped.';
