import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../src/', import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

/** What a file imports: its own files by their path in `src`, packages by their name. */
function importsOf(file: string, { types }: { types: boolean }): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  const imports = [...text.matchAll(/^(?:import|export)( type)? [^;]*?from '([^']+)';/gms)];
  return imports
    .filter(([, typeOnly]) => types || typeOnly === undefined)
    .map(([, , from = '']) =>
      from.startsWith('.') ? normalize(join(dirname(file), from)).replace(/\.js$/, '.ts') : from,
    );
}

/** A request walks from the middleware through the verification to the keys; nothing imports upwards. */
const above: Record<string, RegExp> = {
  middleware: /^(logto-auth|default-auth|verify|index)\.ts$/,
  verification: /^(middleware\/|options\.ts|logto-auth|default-auth|verify|index)/,
  keys: /^(middleware\/|verification\/|options\.ts|logto-auth|default-auth|verify|index)/,
  checks: /^(middleware\/|verification\/|options\.ts|logto-auth|default-auth|verify|index)/,
};

it.each(Object.entries(above))('nothing in %s imports what stands above it', (folder, forbidden) => {
  const own = files.filter((file) => file.startsWith(`${folder}/`));
  expect(own.length).toBeGreaterThan(0);
  const upwards = own.flatMap((file) =>
    importsOf(file, { types: true })
      .filter((imported) => forbidden.test(imported))
      .map((imported) => `${file} imports ${imported}`),
  );
  expect(upwards).toEqual([]);
});

it('no file imports itself by way of others', () => {
  const visit = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [[...path, file].join(' → ')];
    return importsOf(file, { types: true })
      .filter((imported) => files.includes(imported))
      .flatMap((imported) => visit(imported, [...path, file]));
  };
  expect(files.flatMap((file) => visit(file, []))).toEqual([]);
});

it('at run time needs lru-cache and Node alone', () => {
  const packages = files
    .flatMap((file) => importsOf(file, { types: false }))
    .filter((name) => !name.endsWith('.ts'));
  expect([...new Set(packages)].filter((name) => !name.startsWith('node:'))).toEqual(['lru-cache']);
});

it('knows Express in the middleware and the options alone, by its types', () => {
  const knowing = files.filter((file) => importsOf(file, { types: true }).includes('express'));
  expect(knowing.filter((file) => !file.startsWith('middleware/'))).toEqual(['options.ts']);
});

it('keeps files short', () => {
  const long = files.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 260);
  expect(long).toEqual([]);
});
