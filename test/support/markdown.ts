import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A block of code in a page. Its name is the word behind the language: ```ts name */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly name: string | undefined;
  readonly code: string;
}

/** Every page that a user reads, by its path. */
export const PAGES: readonly string[] = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'example-server/README.md',
  ...readdirSync(`${root}/docs`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`)
    .sort(),
];

export function readPage(page: string): string {
  return readFileSync(`${root}/${page}`, 'utf8');
}

export function blocksOf(page: string): Block[] {
  return blocksIn(readPage(page), page);
}

/** The blocks of a text. Its language is empty where a block has none. */
export function blocksIn(text: string, page: string): Block[] {
  return [...text.matchAll(/^```([^\s`]*)[ \t]*([^\s`]*)\n(.*?)^```$/gms)].map(
    ({ index, 1: language = '', 2: name = '', 3: code = '' }) => ({
      page,
      line: text.slice(0, index).split('\n').length,
      language,
      name: name === '' ? undefined : name,
      code,
    }),
  );
}

/** A fence, in a list or a quotation too. */
const FENCE = /^[\s>*+\d.)-]*(```|~~~)/;
const INDENTED = /^( {0,3}([>*+-]|\d+[.)]))* ?( {4}| {0,3}\t)[ \t]*\S/;

/** Fences that belong to no block that is found: in a list, never closed, of tildes, with more words. By their lines. */
export function strayFences(text: string): number[] {
  const found = new Set(extents(text).flat());
  return linesWhere(text, (content, line) => FENCE.test(content) && !found.has(line));
}

/** Code that is indented instead of fenced, by its lines. */
export function indentedCode(text: string): number[] {
  const blocks = extents(text);
  return linesWhere(
    text,
    (content, line) => INDENTED.test(content) && !blocks.some(([first, last]) => first < line && line < last),
  );
}

/** The lines of the two fences of each block. */
function extents(text: string): [first: number, last: number][] {
  return blocksIn(text, '').map(({ line, code }) => [line, line + code.split('\n').length]);
}

function linesWhere(text: string, holds: (content: string, line: number) => boolean): number[] {
  return text.split('\n').flatMap((content, i) => (holds(content, i + 1) ? [i + 1] : []));
}
