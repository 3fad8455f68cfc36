import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
  strict: true,
  skipLibCheck: true,
  // NestJS needs these two options.
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

// The cache avoids parsing the types of Node, Express and the other packages for each program.
const host = ts.createCompilerHost(OPTIONS);
const readFile = host.getSourceFile.bind(host);
const cache = new Map<string, ts.SourceFile | undefined>();

/**
 * Compiles a module in strict mode to an ES module or to CommonJS. Its imports resolve to the packages of this
 * repository.
 *
 * @throws Error with the messages of the compiler
 */
export function compile(code: string, extension: 'mjs' | 'cjs' = 'mjs'): string {
  // The file does not exist on disk; its path in this folder lets the compiler resolve the imports.
  const path = join(root, extension === 'mjs' ? 'block.mts' : 'block.cts');
  const source = ts.createSourceFile(path, code, ts.ScriptTarget.ES2023, true);
  source.impliedNodeFormat = extension === 'mjs' ? ts.ModuleKind.ESNext : ts.ModuleKind.CommonJS;
  let emitted = '';
  const program = ts.createProgram([path], OPTIONS, {
    ...host,
    fileExists: (name) => name === path || host.fileExists(name),
    getSourceFile: (name, ...rest) => {
      if (name === path) return source;
      if (!cache.has(name)) cache.set(name, readFile(name, ...rest));
      return cache.get(name);
    },
    writeFile: (_name, text) => {
      emitted = text;
    },
  });
  const { diagnostics } = program.emit();
  const found = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (found.length > 0) throw new Error(`${ts.formatDiagnostics(found, host)}\nin\n\n${code}`);
  return emitted;
}
