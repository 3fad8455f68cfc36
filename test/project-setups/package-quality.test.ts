import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pack, root } from './packed.js';

let temporary: string;
let tarball: string;

beforeAll(async () => {
  temporary = mkdtempSync(join(tmpdir(), 'package-quality-'));
  tarball = await pack(temporary);
});
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

describe('the packed package', () => {
  it('passes publint without a message', async () => {
    const bytes = new Uint8Array(readFileSync(tarball)).buffer;
    const { messages, pkg } = await publint({ pack: { tarball: bytes }, level: 'suggestion' });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  it('has correct types for every way to import it', async () => {
    const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    const said = await new Promise<string>((resolve) => {
      execFile(process.execPath, [attw, tarball, '--format', 'json'], { maxBuffer: 2 ** 26 }, (_error, out) =>
        resolve(out),
      );
    });
    const { analysis } = JSON.parse(said);
    expect(Object.keys(analysis.entrypoints).sort()).toEqual([
      '.',
      './client',
      './package.json',
      './setup.schema.json',
      './testing',
      './testing/setup',
    ]);
    expect(analysis.problems).toEqual([]);
  });

  it('ships the builds, their declarations and source maps, the pages, and nothing else', () => {
    const files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''));
    const entries = ['index', 'client', 'testing', 'setup'].flatMap((entry) =>
      ['js', 'js.map', 'cjs', 'd.ts', 'd.cts'].map((extension) => `dist/${entry}.${extension}`),
    );
    const inDist = files.filter((path) => path.startsWith('dist/'));
    expect(inDist.filter((path) => !path.startsWith('dist/cli/')).sort()).toEqual(entries.sort());
    expect(inDist.filter((path) => path.startsWith('dist/cli/') && !path.endsWith('.js'))).toEqual([]);
    // Besides the builds and pages, these are folders with a `main`, for tools that do not support `exports`.
    const elsewhere = files.filter((path) => !/^(dist|docs)\//.test(path));
    expect(elsewhere.sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'client/package.json',
      'package.json',
      'setup.schema.json',
      'testing/package.json',
      'testing/setup/package.json',
    ]);
    expect(files).toContain('docs/testing.md');
    expect(files.filter((path) => path.startsWith('docs/reference'))).toEqual([]);
  });

  it.each([
    ['index.js', ['lru-cache']],
    ['index.cjs', ['lru-cache']],
    ['client.js', ['jose', 'oauth4webapi']],
    ['client.cjs', []],
    ['testing.js', []],
    ['testing.cjs', []],
    ['setup.js', []],
    ['setup.cjs', []],
  ])('requires in %s only the packages %j and Node', (file, packages) => {
    const text = execFileSync('tar', ['-xzOf', tarball, `package/dist/${file}`], { encoding: 'utf8' });
    const loaded = [...text.matchAll(/(?:^import .*?from |^(?:let|const) .*?= require\()"([^"]+)"/gms)];
    const names = new Set(loaded.map(([, name = '']) => name));
    expect(names.size).toBeGreaterThan(packages.length);
    expect([...names].filter((name) => !isBuiltin(name)).sort()).toEqual(packages);
  });

  // The sandboxes of jest have these. The build takes all other globals of Node from src/sandbox-globals.ts.
  const EVERYWHERE = [
    ...['Array', 'ArrayBuffer', 'Boolean', 'Date', 'Error', 'Function', 'JSON', 'Map', 'Math', 'Number'],
    ...['Object', 'Promise', 'RangeError', 'Reflect', 'RegExp', 'Set', 'String', 'Symbol', 'TypeError'],
    ...[
      'WeakMap',
      'WeakRef',
      'WeakSet',
      'encodeURIComponent',
      'decodeURIComponent',
      'parseFloat',
      'parseInt',
    ],
    ...['Buffer', 'process', 'require', 'module', 'exports', 'globalThis'],
    ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
    // jose checks with `typeof` whether this exists.
    'navigator',
  ];

  it.each(['index', 'client', 'testing', 'setup'])(
    'uses in %s.cjs no global that a sandbox may lack',
    (entry) => {
      const text = execFileSync('tar', ['-xzOf', tarball, `package/dist/${entry}.cjs`], { encoding: 'utf8' });
      const unsupported = globalsOf(text).filter((name) => !EVERYWHERE.includes(name));
      expect(unsupported).toEqual([]);
      expect(globalsOf(`${text}; structuredClone({});`)).toContain('structuredClone');
    },
  );

  it.each([
    ['cjs', [], /at resolveOptions .*dist.index\.cjs:\d+/],
    ['js', ['--enable-source-maps'], /at resolveOptions .*src.options.logto-auth-options\.ts:\d+/],
  ])('has readable stack traces in index.%s', (extension, options, expected) => {
    const script = `import('${root}dist/index.${extension}').then((m) => m.createLogtoAuth({ misspelt: 1 }))`;
    const { stderr } = spawnSync(process.execPath, [...options, '-e', script], { encoding: 'utf8' });
    expect(stderr).toMatch(expected);
  });

  it('has every page that its README links to', () => {
    const files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).split('\n');
    const readme = execFileSync('tar', ['-xzOf', tarball, 'package/README.md'], { encoding: 'utf8' });
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target]) => `package/${target}`);
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((link) => !files.includes(link))).toEqual([]);
  });

  it('has the licences of the packages that its CommonJS files contain', () => {
    const text = execFileSync('tar', ['-xzOf', tarball, 'package/dist/client.cjs'], { encoding: 'utf8' });
    for (const name of ['jose', 'oauth4webapi']) {
      const licence = readFileSync(join(root, `node_modules/${name}/LICENSE.md`), 'utf8').trim();
      expect(text).toContain(`${name}\n\n${licence}`);
    }
  });
});

/** The names that a script uses but does not declare. */
function globalsOf(text: string): string[] {
  const file = ts.createSourceFile('script.js', text, ts.ScriptTarget.ESNext, true);
  const options = { allowJs: true, checkJs: true, noLib: true, noResolve: true, types: [] };
  const program = ts.createProgram(['script.js'], options, {
    ...ts.createCompilerHost(options),
    getSourceFile: (name) => (name === 'script.js' ? file : undefined),
  });
  const found = program
    .getSemanticDiagnostics(file)
    // Names in quotes are module names.
    .filter(({ start = 0 }) => /\w|\$/.test(text.charAt(start)))
    .map(({ messageText }) =>
      /^Cannot find name '(.*?)'/.exec(ts.flattenDiagnosticMessageText(messageText, ' ')),
    );
  return [...new Set(found.flatMap((match) => match?.[1] ?? []))];
}
