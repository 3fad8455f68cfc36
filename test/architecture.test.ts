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

/** What is needed at run time to import this file: the file, and its direct and indirect imports. */
function closureOf(file: string): Set<string> {
  const reached = new Set([file]);
  for (const next of reached) {
    if (!files.includes(next)) continue;
    for (const imported of importsOf(next, { types: false })) reached.add(imported);
  }
  return reached;
}

/** The packages among these imports. */
const packagesIn = (imports: Iterable<string>): string[] =>
  [
    ...new Set(
      [...imports]
        .filter((name) => !name.endsWith('.ts') && !name.startsWith('node:'))
        .map((name) => name.replace(/^((@[^/]+\/)?[^/]+).*/, '$1')),
    ),
  ].sort();

/** The other entries of the package: what they may import at run time, from `src` and from elsewhere. */
const entries: Record<string, { readonly own: RegExp; readonly packages: readonly string[] }> = {
  // Nothing of the core that handles requests, tokens or keys.
  client: {
    own: /^(client|options|util)\//,
    packages: ['jose', 'oauth4webapi'],
  },
  testing: { own: /^(testing|options|util)\//, packages: [] },
};
const core = files.filter((file) => !/^(client|testing|cli)\//.test(file));

/** Requests pass from the middleware through the verification to the keys; nothing imports upwards. */
const above: Record<string, RegExp> = {
  middleware: /^(logto-auth|default-auth|verify|index)\.ts$/,
  verification: /^(middleware\/|options\/|logto-auth|default-auth|verify|index)/,
  keys: /^(middleware\/|verification\/|options\/|logto-auth|default-auth|verify|index)/,
  options: /^(middleware\/|verification\/|logto-auth|default-auth|verify|index)/,
  // Only its own files and Node.
  util: /^(?!util\/|node:)/,
};

it.each(Object.entries(above))('no file in %s imports from a layer above it', (folder, forbidden) => {
  const own = files.filter((file) => file.startsWith(`${folder}/`));
  expect(own.length).toBeGreaterThan(0);
  const upwards = own.flatMap((file) =>
    importsOf(file, { types: true })
      .filter((imported) => forbidden.test(imported))
      .map((imported) => `${file} imports ${imported}`),
  );
  expect(upwards).toEqual([]);
});

it('no file imports itself through others', () => {
  const known = new Set<string>();
  const circlesFrom = (file: string, path: readonly string[]): string[] => {
    if (path.includes(file)) return [[...path, file].join(' → ')];
    if (known.has(file)) return [];
    const circles = importsOf(file, { types: true })
      .filter((imported) => files.includes(imported))
      .flatMap((imported) => circlesFrom(imported, [...path, file]));
    known.add(file);
    return circles;
  };
  expect(files.flatMap((file) => circlesFrom(file, []))).toEqual([]);
});

it('the main entry needs only lru-cache and Node at run time', () => {
  expect(packagesIn(closureOf('index.ts'))).toEqual(['lru-cache']);
  expect(packagesIn(core.flatMap((file) => importsOf(file, { types: false })))).toEqual(['lru-cache']);
});

it('no file of the core imports from another entry', () => {
  expect(core).toContain('index.ts');
  const knowing = core.filter((file) =>
    importsOf(file, { types: true }).some((imported) => files.includes(imported) && !core.includes(imported)),
  );
  expect(knowing).toEqual([]);
});

it.each(Object.entries(entries))(
  'the entry %s imports only its own files and the allowed packages',
  (folder, { own, packages }) => {
    const reached = closureOf(`${folder}/index.ts`);
    expect([...reached].filter((file) => file.endsWith('.ts') && !own.test(file))).toEqual([]);
    const foreign = files
      .filter((file) => file.startsWith(`${folder}/`))
      .flatMap((file) => importsOf(file, { types: true }));
    expect(packagesIn(foreign).filter((name) => !packages.includes(name))).toEqual([]);
  },
);

it('only the middleware and the options import Express', () => {
  const knowing = files.filter((file) => importsOf(file, { types: true }).includes('express'));
  expect(knowing.filter((file) => !file.startsWith('middleware/'))).toEqual([
    'options/logto-auth-options.ts',
  ]);
});

it('no file is longer than 260 lines', () => {
  const long = files.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 260);
  expect(long).toEqual([]);
});

it('the example has at most 1,500 lines', () => {
  const folder = fileURLToPath(new URL('../example-server/', import.meta.url));
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !/(^|\/)(dist|node_modules)\//.test(file),
  );
  expect(sources).toContain('app.ts');
  const lines = sources.map((file) => readFileSync(join(folder, file), 'utf8').split('\n').length);
  expect(lines.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(1_500);
});
