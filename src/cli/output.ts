import { styleText } from 'node:util';
import { ExitCode } from './usage.js';

type Format = Parameters<typeof styleText>[0];

/** Where things are said: results to stdout, what is said to a person besides to stderr. */
export class Output {
  readonly #process: Pick<NodeJS.Process, 'stdout' | 'stderr' | 'env'>;
  /** Why something could not be written. */
  #lost: Error | undefined;

  constructor(process: Pick<NodeJS.Process, 'stdout' | 'stderr' | 'env'>) {
    this.#process = process;
    for (const stream of [process.stdout, process.stderr]) {
      stream.on('error', (error) => this.#fail(error));
    }
  }

  /** A line of what was asked for. */
  result(text: string): void {
    this.#write(this.#process.stdout, `${text}\n`);
  }

  /** The whole of what was asked for, for a machine. */
  json(value: unknown): void {
    // What is unprintable can stand in strings alone, and there the escapes mean the same.
    this.result(escaped(JSON.stringify(value, undefined, 2), UNPRINTABLE_IN_JSON));
  }

  /** A line beside the result. */
  say(text: string): void {
    this.#write(this.#process.stderr, `${printable(text)}\n`);
  }

  /** In colours on a terminal alone, and not there where NO_COLOR is set. */
  paint(format: Format, text: string): string {
    const { stdout, env } = this.#process;
    // Decided here and not by styleText: which streams it heeds differs between the releases of Node.
    return stdout.isTTY && !env['NO_COLOR'] ? styleText(format, text, { validateStream: false }) : text;
  }

  /** Waits until all is written. @returns how the command ends: otherwise than it meant to where something was lost */
  async close(code: ExitCode): Promise<ExitCode> {
    await this.#written();
    if (this.#lost === undefined) return code;
    this.say(`logto-m2m: the output could not be written: ${this.#lost.message}`);
    await this.#written();
    return ExitCode.finding;
  }

  #write(stream: NodeJS.WriteStream, text: string): void {
    try {
      stream.write(text);
    } catch (error) {
      // Some releases of Node throw at once where stdout is a file.
      this.#fail(error as Error);
    }
  }

  async #written(): Promise<void> {
    const { stdout, stderr } = this.#process;
    for (const stream of [stdout, stderr]) await new Promise<void>((done) => stream.write('', () => done()));
  }

  #fail(error: NodeJS.ErrnoException): void {
    // Who reads only the beginning, as `| head` does, has lost nothing.
    if (error.code !== 'EPIPE') this.#lost ??= error;
  }
}

/** Control characters, and what turns the direction of a line: what comes from elsewhere could rewrite the screen. */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
/** The same, but for the line feeds between its members; JSON escapes the others below U+0020 by itself. */
const UNPRINTABLE_IN_JSON = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A text of somebody else's, so that it shows and does nothing on a terminal. */
export function printable(text: string): string {
  return escaped(text, UNPRINTABLE);
}

function escaped(text: string, characters: RegExp): string {
  return text.replace(
    characters,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
