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
  const text = readPage(page);
  return [...text.matchAll(/^```(\w+)[ \t]*(\S*)\n(.*?)^```$/gms)].map(
    ({ index, 1: language = '', 2: name = '', 3: code = '' }) => ({
      page,
      line: text.slice(0, index).split('\n').length,
      language,
      name: name === '' ? undefined : name,
      code,
    }),
  );
}
