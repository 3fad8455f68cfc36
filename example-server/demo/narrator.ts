import { styleText } from 'node:util';

/** What can be told of a step, by name: `{ status: 403, error: 'insufficient_scope' }`. */
export type Facts = Readonly<Record<string, string | number | undefined>>;

/** One step of the story, after it happened. */
export interface Step {
  /** What happens, in a sentence. */
  heading: string;
  /** What went to and fro, under its name; what is undefined is not shown. */
  shown: Readonly<Record<string, string | undefined>>;
  /** Why it came out so, in a line. */
  why: string;
  /** What the story promises. */
  expected: Facts;
  /** What really came; it may hold more. */
  came: Facts;
}

type Style = Parameters<typeof styleText>[0];

/** How the narrator prints. */
interface NarratorOptions {
  /** Takes one or more lines, without the newline at their end. */
  print: (lines: string) => void;
  /** Whether lines may hold ANSI colour codes. */
  colours: boolean;
  /** How many characters fit on a line. */
  width: number;
}

const labelWidth = 18;

/** Prints the story, and checks each step against what was promised. */
export class Narrator {
  readonly #options: NarratorOptions;
  #steps = 0;
  #asTold = 0;

  constructor(options: NarratorOptions) {
    this.#options = options;
  }

  /** Opens a chapter. */
  chapter(title: string): void {
    this.#print(`\n${this.#styled(['bold', 'underline'], title)}`);
  }

  /** Says something between two steps. */
  aside(text: string): void {
    this.#print(`\n${this.#styled('italic', this.#folded(text, 4))}`);
  }

  /** Tells one step, and notes whether it came out as promised. */
  step({ heading, shown, why, expected, came }: Step): void {
    this.#steps += 1;
    this.#print(`\n${this.#styled('bold', `${String(this.#steps).padStart(2)}. ${heading}`)}\n`);
    for (const [label, text] of Object.entries({ ...shown, why })) {
      if (text !== undefined) this.#print(this.#labelled(label, text));
    }

    const wrong = Object.keys(expected).filter((fact) => came[fact] !== expected[fact]);
    for (const fact of wrong) {
      this.#fault(`${fact}: expected ${quoted(expected[fact])}, came ${quoted(came[fact])}`);
    }
    if (wrong.length > 0) return;
    this.#asTold += 1;
    this.#print(this.#styled('green', '    ✓ as told'));
  }

  /** Tells that the story could not go on: a step for which nothing came at all. */
  breakOff(error: unknown): void {
    this.#steps += 1;
    this.#print('');
    this.#fault(`The story breaks off: ${error instanceof Error ? error.message : error}`);
  }

  /** Prints the last line. Returns whether every step came out as told, and there was one at all. */
  summary(): boolean {
    const isAsTold = this.#steps > 0 && this.#asTold === this.#steps;
    const line = `${this.#asTold} of ${this.#steps} steps came out as told.`;
    this.#print(`\n${this.#styled(['bold', isAsTold ? 'green' : 'red'], line)}`);
    return isAsTold;
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
