import { beforeAll, describe, expect, it } from 'vitest';
import { blocksIn, indentedCode, PAGES, strayFences } from '../support/markdown.js';
import { runBlocks } from './run-blocks.js';
import { recipes } from './scenarios/recipes.js';
import { prepareTsoa } from './scenarios/tsoa.js';

// Installing the packages from the registry can be slow.
beforeAll(prepareTsoa, 600_000);

runBlocks(
  PAGES.filter((page) => page.startsWith('docs/recipes/')),
  recipes,
);

describe('code in a page', () => {
  it.each(['bash', 'javascript', 'mjs', ''])('is a block in the language "%s"', (language) => {
    const text = `Words:\n\n\`\`\`${language}\nls\n\`\`\`\n\nWords.\n`;
    expect(blocksIn(text, 'page')).toEqual([
      { page: 'page', line: 3, language, name: undefined, code: 'ls\n' },
    ]);
    expect(strayFences(text)).toEqual([]);
    expect(indentedCode(text)).toEqual([]);
  });

  it.each([
    ['never closed', '```sh one\nls\n', [3]],
    ['closed only by the next fence', '```sh one\nls\n\n```sh two\nls\n```\n', [6]],
    ['with additional words', '```sh one more\nls\n```\n\n```sh two\nls\n```\n', [3, 7]],
    ['in a list', '- so:\n\n  ```sh one\n  ls\n  ```\n', [5, 7]],
    ['on the first line of a list item', '1. ```sh one\n   ls\n   ```\n', [3, 5]],
    ['in a quotation', '> ```sh one\n> ls\n> ```\n', [3, 5]],
    ['between tildes', '~~~sh one\nls\n~~~\n', [3, 5]],
    ['between four backticks', '````sh one\nls\n````\n', [3, 5]],
    ['closed with a trailing space', '```sh one\nls\n``` \n', [3, 5]],
  ])('is reported if it is fenced but not a valid block: %s', (_how, code, lines) => {
    expect(strayFences(`Words:\n\n${code}`)).toEqual(lines);
  });

  it.each(['    ls', '\tls', '  \tls', '        ls', '>     ls', '-     ls', '1.     ls', '- >     ls'])(
    'is reported if it is indented: %j',
    (code) => {
      expect(indentedCode(`Words:\n\n${code}\n\n\`\`\`sh one\n    ls\n\`\`\`\n`)).toEqual([3]);
    },
  );

  it('does not include lists, quotations and tables', () => {
    expect(indentedCode('- a\n  - b\n    \n1.  c\n> d\n>  e\n|    f |\n---\n')).toEqual([]);
  });
});
