import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));

/** The types of the matches of regular expressions: all their members are own members. */
const MATCHES = ['RegExpExecArray', 'RegExpMatchArray'];

/**
 * The places that read a member which may be absent: an optional one, one of an index signature or of `any`,
 * and `in`. If the object has no such own member, they read what other code has set on `Object.prototype`.
 * Reads from an object without a prototype, whose type is `Bare`, are not listed.
 */
class Readings {
  readonly found: string[] = [];
  readonly #checker: ts.TypeChecker;
  readonly #folder: string;

  constructor(folder: string, files: readonly string[], options: ts.CompilerOptions) {
    this.#folder = folder;
    const program = ts.createProgram(files, options);
    this.#checker = program.getTypeChecker();
    for (const file of files) this.#visit(program.getSourceFile(file) as ts.SourceFile);
  }

  #visit(node: ts.Node): void {
    if (isReading(node)) {
      if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.name)) {
        this.#look(node, node.expression, [node.name.text]);
      } else if (ts.isElementAccessExpression(node)) {
        this.#look(node, node.expression, this.#namesOf(node.argumentExpression));
      } else if (
        ts.isBindingElement(node) &&
        ts.isObjectBindingPattern(node.parent) &&
        !node.dotDotDotToken
      ) {
        const name = (node.propertyName ?? node.name).getText().replace(/^['"]|['"]$/g, '');
        this.#look(node, node.parent, [name]);
      } else if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.InKeyword) {
        // A private name is never on a prototype.
        const isName = !ts.isPrivateIdentifier(node.left);
        if (isName && !this.#isBare(this.#checker.getTypeAtLocation(node.right))) this.#note(node);
      } else if (ts.isForInStatement(node)) {
        this.#note(node);
      }
    }
    ts.forEachChild(node, (child) => this.#visit(child));
  }

  /** The names by which an element is read; undefined for an arbitrary name. Unique symbols are left out. */
  #namesOf(argument: ts.Expression): readonly (string | undefined)[] {
    const type = this.#checker.getTypeAtLocation(argument);
    const parts = type.isUnion() ? type.types : [type];
    return parts
      .filter((part) => !(part.flags & ts.TypeFlags.UniqueESSymbol))
      .map((part) => (part.isStringLiteral() ? part.value : undefined));
  }

  #look(node: ts.Node, object: ts.Node, names: readonly (string | undefined)[]): void {
    const type = this.#checker.getNonNullableType(this.#checker.getTypeAtLocation(object));
    const parts = type.isUnion() ? type.types : [type];
    const mayLack = (part: ts.Type) => names.some((name) => this.#mayLack(part, name));
    if (parts.some((part) => !this.#isBare(part) && !this.#isList(part) && mayLack(part))) this.#note(node);
  }

  #mayLack(type: ts.Type, name: string | undefined): boolean {
    if (type.flags & ts.TypeFlags.Any || name === undefined) return true;
    const property = this.#checker.getPropertyOfType(type, name);
    if (property === undefined) return this.#checker.getIndexInfosOfType(type).length > 0;
    return (property.flags & ts.SymbolFlags.Optional) !== 0;
  }

  #isBare(type: ts.Type): boolean {
    return this.#checker
      .getPropertiesOfType(type)
      .some(({ escapedName }) => String(escapedName).startsWith('__@BARE'));
  }

  #isList(type: ts.Type): boolean {
    const isArray = this.#checker.isArrayType(type) || this.#checker.isTupleType(type);
    return (
      isArray || (type.flags & ts.TypeFlags.StringLike) !== 0 || MATCHES.includes(type.symbol?.name ?? '')
    );
  }

  #note(node: ts.Node): void {
    this.found.push(`${node.getSourceFile().fileName.slice(this.#folder.length)}: ${node.getText()}`);
  }
}

/** The target of an assignment is not read. */
function isReading(node: ts.Node): boolean {
  const { parent } = node;
  if (parent === undefined || !ts.isBinaryExpression(parent)) return true;
  return parent.left !== node || parent.operatorToken.kind !== ts.SyntaxKind.EqualsToken;
}

function readingsIn(folder: string, files: readonly string[]): readonly string[] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  return new Readings(folder, files, { ...options, noEmit: true, composite: false }).found;
}

describe('in src', () => {
  it('a member that may be absent is read as an own one, or from an object without a prototype', () => {
    const folder = `${root}src/`;
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    const others = readingsIn(
      folder,
      files.map((file) => folder + file),
    ).filter((reading) => !reading.startsWith('util/own.ts: '));
    // Objects of Node, which have these members from their class or constructor.
    expect(others).toEqual([
      'keys/verification-key.ts: key.asymmetricKeyDetails',
      'testing/calls.ts: req.url',
      'testing/calls.ts: response.statusCode',
      'testing/calls.ts: response.statusCode',
      'testing/responses.ts: req.url',
      'testing/responses.ts: req.method',
      'testing/responses.ts: req.method',
      'testing/test-logto.ts: req.method',
      'testing/test-logto.ts: req.url',
    ]);
  });
});

describe('the search', () => {
  const folder = `${root}test/fixtures/`;

  it('finds each kind of read of a member that may be absent, and nothing else', () => {
    expect(readingsIn(folder, [`${folder}readings.ts`])).toEqual([
      'readings.ts: given.optional',
      'readings.ts: given.optional',
      "readings.ts: given['optional']",
      'readings.ts: optional',
      "readings.ts: claims['scope']",
      'readings.ts: claims[name]',
      'readings.ts: scope',
      'readings.ts: anything.member',
      "readings.ts: 'optional' in given",
      'readings.ts: for (const member in given) void member;',
      'readings.ts: either.optional',
    ]);
  });
});
