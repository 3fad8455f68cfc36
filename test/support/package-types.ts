import ts from 'typescript';

/** Calls `look` with the type `Wanted` at the end of this code. */
function inspectPackage<T>(code: string, look: (type: ts.Type, checker: ts.TypeChecker) => T): T {
  const file = `${process.cwd()}/test/documents/inspected.mts`;
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    strict: true,
    esModuleInterop: true,
    skipLibCheck: true,
    types: ['node'],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, ...rest) =>
    name === file ? ts.createSourceFile(name, code, ts.ScriptTarget.ES2023) : getSourceFile(name, ...rest);
  const program = ts.createProgram([file], options, host);
  const checker = program.getTypeChecker();
  const wanted = program.getSourceFile(file)?.statements.at(-1) as ts.TypeAliasDeclaration;
  return look(checker.getTypeAtLocation(wanted.name), checker);
}

/** The names of all members that a value of this type may have. */
export function membersIn(from: string, name: string, { value = false } = {}): string[] {
  const type = `${value ? 'typeof ' : ''}all.${name}`;
  return inspectPackage(`import type * as all from '${from}';\ntype Wanted = ${type};`, (found, checker) => {
    const parts = found.isUnion() ? found.types : [found];
    const members = parts.flatMap((part) => checker.getPropertiesOfType(part)).filter(isPublic);
    return [...new Set(members.map((member) => member.name))].filter((member) => member !== 'prototype');
  });
}

/** The names of all values that a package exports. */
export function exportsOf(from: string): string[] {
  return inspectPackage(`import * as all from '${from}';\ntype Wanted = typeof all;`, (found, checker) =>
    checker.getPropertiesOfType(found).map(({ name }) => name),
  );
}

function isPublic({ declarations = [] }: ts.Symbol): boolean {
  return !declarations.some((one) => ts.getCombinedModifierFlags(one) & ts.ModifierFlags.Private);
}
