import { styleText } from 'node:util';

/** Facts about a step, by name: `{ status: 403, error: 'insufficient_scope' }`. */
export type Facts = Readonly<Record<string, string | number | undefined>>;

/** One step of the demo, after it was run. */
export interface Step {
  /** What the step does, in a sentence. */
  heading: string;
  /** Parts of the request and the response, by their labels. Undefined ones are not printed. */
  shown: Readonly<Record<string, string | undefined>>;
  /** The reason for the result, in a line. */
  why: string;
  /** The expected facts. */
  expected: Facts;
  /** The real facts; there may be more of them. */
  received: Facts;
}

type Style = Parameters<typeof styleText>[0];

/** Where and how to print. */
interface PrinterOptions {
  /** Prints one or more lines, given without the newline at their end. */
  print: (lines: string) => void;
  /** Whether lines may hold ANSI colour codes. */
  colours: boolean;
  /** How many characters fit on a line. */
  width: number;
}

const labelWidth = 18;

/** Prints the steps, and compares each of them with what is expected. */
export class Printer {
  readonly #options: PrinterOptions;
  #steps = 0;
  #passed = 0;

  constructor(options: PrinterOptions) {
    this.#options = options;
  }

  /** Prints the title of a chapter. */
  chapter(title: string): void {
    this.#print(`\n${this.#styled(['bold', 'underline'], title)}`);
  }

  /** Prints a note between two steps. */
  note(text: string): void {
    this.#print(`\n${this.#styled('italic', this.#folded(text, 4))}`);
  }

  /** Prints one step, and counts it if it passed. */
  step({ heading, shown, why, expected, received }: Step): void {
    this.#steps += 1;
    this.#print(`\n${this.#styled('bold', `${String(this.#steps).padStart(2)}. ${heading}`)}\n`);
    for (const [label, text] of Object.entries({ ...shown, why })) {
      if (text !== undefined) this.#print(this.#labelled(label, text));
    }

    const wrong = Object.keys(expected).filter((fact) => received[fact] !== expected[fact]);
    for (const fact of wrong) {
      this.#fault(`${fact}: expected ${quoted(expected[fact])}, received ${quoted(received[fact])}`);
    }
    if (wrong.length > 0) return;
    this.#passed += 1;
    this.#print(this.#styled('green', '    ✓ as expected'));
  }

  /** Prints that the demo cannot continue. It counts as a step that failed. */
  stop(error: unknown): void {
    this.#steps += 1;
    this.#print('');
    this.#fault(`The demo stops: ${error instanceof Error ? error.message : error}`);
  }

  /** Prints the last line. Returns whether there was a step, and every step passed. */
  summary(): boolean {
    const isComplete = this.#steps > 0 && this.#passed === this.#steps;
    const line = `${this.#passed} of ${this.#steps} steps passed.`;
    this.#print(`\n${this.#styled(['bold', isComplete ? 'green' : 'red'], line)}`);
    return isComplete;
  }

  #fault(text: string): void {
    this.#print(this.#styled('red', `    ✗ ${text}`));
  }

  #labelled(label: string, text: string): string {
    const folded = this.#folded(text, 4 + labelWidth).trimStart();
    return `    ${this.#styled('dim', label.padEnd(labelWidth))}${folded}`;
  }

  /** Breaks a text at its spaces, each line behind an indent. */
  #folded(text: string, indent: number): string {
    const lines = [''];
    for (const word of text.split(' ')) {
      const line = lines.pop() ?? '';
      const isFull = line !== '' && indent + line.length + 1 + word.length > this.#options.width;
      if (isFull) lines.push(line, word);
      else lines.push(line === '' ? word : `${line} ${word}`);
    }
    return lines.map((line) => ' '.repeat(indent) + line).join('\n');
  }

  #styled(style: Style, text: string): string {
    return this.#options.colours ? styleText(style, text) : text;
  }

  #print(lines: string): void {
    this.#options.print(lines);
  }
}

function quoted(value: string | number | undefined): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}
