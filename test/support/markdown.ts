import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A code block in a page. Its name is the word after the language: ```ts name */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly name: string | undefined;
  readonly code: string;
}

/** The paths of all pages for users. */
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

/** Returns the blocks of a text. The language is empty if a block has none. */
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

/** A fence, including one in a list or a quotation. */
const FENCE = /^[\s>*+\d.)-]*(```|~~~)/;
const INDENTED = /^( {0,3}([>*+-]|\d+[.)]))* ?( {4}| {0,3}\t)[ \t]*\S/;

/** The lines of fences that `blocksIn` does not find: in a list, never closed, of tildes, with more words. */
export function strayFences(text: string): number[] {
  const found = new Set(extents(text).flat());
  return linesWhere(text, (content, line) => FENCE.test(content) && !found.has(line));
}

/** The lines of code that is indented instead of fenced. */
export function indentedCode(text: string): number[] {
  const blocks = extents(text);
  return linesWhere(
    text,
    (content, line) => INDENTED.test(content) && !blocks.some(([first, last]) => first < line && line < last),
  );
}

/** The lines of the opening and the closing fence of each block. */
function extents(text: string): [first: number, last: number][] {
  return blocksIn(text, '').map(({ line, code }) => [line, line + code.split('\n').length]);
}

function linesWhere(text: string, holds: (content: string, line: number) => boolean): number[] {
  return text.split('\n').flatMap((content, i) => (holds(content, i + 1) ? [i + 1] : []));
}
