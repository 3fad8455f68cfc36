import { styleText } from 'node:util';
import { own } from '../util/own.js';
import { cut, printable, printableJson } from '../util/printable.js';
import type { Io, OutputStream } from './io.js';
import { ExitCode } from './usage.js';

type Format = Parameters<typeof styleText>[0];

/** Moves to the beginning of the line, and erases the line (ECMA-48). */
const ERASE_LINE = '\r\x1b[K';

/** A part of a line, shown in a format if stdout is a terminal and NO_COLOR is not set. */
export interface Painted {
  readonly format: Format;
  readonly text: string;
}

/** The parts of one line. */
export type Line = string | readonly (string | Painted)[];

/**
 * Writes results to stdout, and other messages to stderr. All output of the command passes through here, so that
 * unprintable characters are escaped in one place.
 */
export class Output {
  readonly #io: Pick<Io, 'stdout' | 'stderr' | 'env'>;
  /** The first error of a write. */
  #lost: Error | undefined;
  /** Whether the terminal shows a line of `progress`. */
  #hasProgress = false;

  constructor(io: Pick<Io, 'stdout' | 'stderr' | 'env'>) {
    this.#io = io;
    for (const stream of [io.stdout, io.stderr]) {
      stream.on('error', (error) => this.#fail(error));
    }
  }

  /** Writes a line of the result. */
  result(line: Line): void {
    const parts = typeof line === 'string' ? [line] : line;
    const text = parts.map((part) => (typeof part === 'string' ? printable(part) : this.#paint(part)));
    this.#write(this.#io.stdout, `${text.join('')}\n`);
  }

  /** Writes the whole result as JSON. */
  json(value: unknown): void {
    this.#write(this.#io.stdout, `${printableJson(JSON.stringify(value, undefined, 2))}\n`);
  }

  /** Writes a message that is not part of the result. */
  say(text: string): void {
    this.#write(this.#io.stderr, `${printable(text)}\n`);
  }

  /** Shows the current step on a terminal, in a line that the next output replaces. */
  progress(text: string): void {
    const { stderr } = this.#io;
    if (!stderr.isTTY) return;
    this.#write(stderr, cut(printable(text), stderr.columns - 1));
    this.#hasProgress = true;
  }

  /** Waits until all output is written. @returns the given exit code, or `finding` if output could not be written */
  async close(code: ExitCode): Promise<ExitCode> {
    if (this.#hasProgress) this.#write(this.#io.stderr, '');
    await this.#written();
    if (this.#lost === undefined) return code;
    this.say(`logto-m2m: the output could not be written: ${this.#lost.message}`);
    await this.#written();
    return ExitCode.finding;
  }

  #paint({ format, text }: Painted): string {
    const { stdout, env } = this.#io;
    const shown = printable(text);
    // Not left to styleText: the streams that it checks differ between releases of Node.
    return stdout.isTTY && !own(env, 'NO_COLOR')
      ? styleText(format, shown, { validateStream: false })
      : shown;
  }

  #write(stream: OutputStream, text: string): void {
    if (this.#hasProgress) {
      this.#hasProgress = false;
      this.#write(this.#io.stderr, ERASE_LINE);
    }
    try {
      stream.write(text);
    } catch (error) {
      // Some releases of Node throw synchronously if stdout is a file.
      this.#fail(error as Error);
    }
  }

  async #written(): Promise<void> {
    const { stdout, stderr } = this.#io;
    for (const stream of [stdout, stderr]) await new Promise<void>((done) => stream.write('', () => done()));
  }

  #fail(error: NodeJS.ErrnoException): void {
    // A reader such as `| head` closes the pipe on purpose.
    if (own(error, 'code') !== 'EPIPE') this.#lost ??= error;
  }
}
