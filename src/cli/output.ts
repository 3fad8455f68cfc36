import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Where things are said: results to stdout, what is said to a person besides to stderr. */
export class Output {
  readonly #process: Pick<NodeJS.Process, 'stdout' | 'stderr' | 'env'>;

  constructor(process: Pick<NodeJS.Process, 'stdout' | 'stderr' | 'env'>) {
    this.#process = process;
  }

  /** A line of what was asked for. */
  result(text: string): void {
    this.#process.stdout.write(`${text}\n`);
  }

  /** The whole of what was asked for, for a machine. */
  json(value: unknown): void {
    this.result(JSON.stringify(value, undefined, 2));
  }

  /** A line beside the result. */
  say(text: string): void {
    this.#process.stderr.write(`${printable(text)}\n`);
  }

  /** In colours on a terminal alone, and not there where NO_COLOR is set. */
  paint(format: Format, text: string): string {
    const { stdout, env } = this.#process;
    // Decided here and not by styleText: which streams it heeds differs between the releases of Node.
    return stdout.isTTY && !env['NO_COLOR'] ? styleText(format, text, { validateStream: false }) : text;
  }
}

/** Control characters, and what turns the direction of a line: what comes from elsewhere could rewrite the screen. */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A text of somebody else's, so that it shows and does nothing on a terminal. */
export function printable(text: string): string {
  return text.replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
