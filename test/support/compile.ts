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
  // As NestJS wants it.
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

// The types of Node, Express and the rest are read once, not for each program.
const host = ts.createCompilerHost(OPTIONS);
const readFile = host.getSourceFile.bind(host);
const cache = new Map<string, ts.SourceFile | undefined>();

/**
 * Compiles a module as a user's strict project would, to an ES module or to CommonJS: its imports are those of this
 * repository.
 *
 * @throws Error with what the compiler says of it
 */
export function compile(code: string, extension: 'mjs' | 'cjs' = 'mjs'): string {
  // Not there on disk: beside the sources, so that imports are found from here.
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
