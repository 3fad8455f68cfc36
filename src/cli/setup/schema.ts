import { show } from '../../options/option-error.js';
import { bare, own } from '../../util/own.js';
import { closestOption } from '../../util/spelling.js';
import { readPackageFile } from '../package-file.js';
import { joinWords } from '../words.js';

/** Validates a value against the JSON Schema of the package. @returns one sentence for each fault */
export function faultsIn(value: unknown): readonly string[] {
  const schema = readPackageFile('setup.schema.json');
  const faults: string[] = [];
  const validator = new SchemaValidator(schema, (path, fault) =>
    faults.push(`${path || 'the file'}: ${fault}`),
  );
  validator.check(value, schema, '');
  return faults;
}

/**
 * Validates a value against a schema. Supports only the keywords of our schema: a library would be a dependency of
 * all users of the guards.
 */
class SchemaValidator {
  readonly #definitions: unknown;
  readonly #fault: (path: string, fault: string) => void;

  constructor(schema: unknown, fault: (path: string, fault: string) => void) {
    this.#definitions = own(schema, 'definitions');
    this.#fault = fault;
  }

  check(value: unknown, unresolved: unknown, path: string): void {
    const schema = bare(this.#resolve(unresolved, value));
    const [type, needed] = [typeOf(value), String(schema['type'])];
    if (type !== needed && !(needed === 'number' && type === 'integer')) {
      this.#fault(
        path,
        `it must be ${own(WORDS, needed)}, not ${type === 'class' ? 'a class instance' : show(value)}.`,
      );
      return;
    }
    if (typeof value === 'string') this.#checkText(value, schema, path);
    if (typeof value === 'number') this.#checkNumber(value, schema, path);
    if (Array.isArray(value)) this.#checkItems(value, schema, path);
    else if (typeof value === 'object' && value !== null) this.#checkMembers(value, schema, path);
  }

  /** Resolves a reference or a choice. A choice is always between an object and a list. */
  #resolve(schema: unknown, value: unknown): unknown {
    const reference = own(schema, '$ref');
    if (typeof reference === 'string') return own(this.#definitions, reference.replace('#/definitions/', ''));
    const choices = own(schema, 'anyOf');
    if (!Array.isArray(choices)) return schema;
    const resolved = choices.map((one) => this.#resolve(one, value));
    return resolved.find((one) => own(one, 'type') === typeOf(value)) ?? resolved[0];
  }

  #checkText(value: string, { minLength, maxLength, pattern, description }: Keywords, path: string): void {
    if (value.trim().length < Number(minLength ?? 0)) this.#fault(path, 'it must not be empty.');
    if (value.length > Number(maxLength ?? Number.POSITIVE_INFINITY)) {
      this.#fault(path, `it must have at most ${maxLength} characters.`);
    }
    if (typeof pattern !== 'string' || new RegExp(pattern, 'u').test(value)) return;
    this.#fault(path, `${show(value)} is not allowed here. ${description}`);
  }

  #checkNumber(value: number, { minimum }: Keywords, path: string): void {
    if (value < Number(minimum)) this.#fault(path, `it must be at least ${minimum}, not ${value}.`);
  }

  #checkItems(value: readonly unknown[], { minItems, items }: Keywords, path: string): void {
    if (value.length < Number(minItems ?? 0)) this.#fault(path, 'it must not be empty.');
    // By index, since `forEach` would skip the holes of a sparse list.
    for (let index = 0; index < value.length; index++) this.check(value[index], items, `${path}[${index}]`);
  }

  #checkMembers(value: object, schema: Keywords, path: string): void {
    const { properties, additionalProperties, propertyNames, required } = schema;
    const known = Object.keys(bare(properties));
    for (const [name, member] of Object.entries(value)) {
      const at = pathOf(path, name);
      // A module may set a member to undefined to omit it; JSON has no undefined.
      if (member === undefined) continue;
      if (propertyNames !== undefined) this.check(name, propertyNames, at);
      const its = own(properties, name) ?? additionalProperties;
      if (typeof its === 'object') this.check(member, its, at);
      else this.#fault(at, `unknown member. ${adviceOn(name, known)}`);
    }
    for (const name of (required ?? []) as readonly string[]) {
      if (own(value, name) === undefined) this.#fault(path, `the member \`${name}\` is missing.`);
    }
  }
}

type Keywords = ReturnType<typeof bare>;

const WORDS: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') {
    return Number.isInteger(value) ? 'integer' : Number.isFinite(value) ? 'number' : 'not finite';
  }
  if (typeof value === 'object' && value !== null && !isPlain(value)) return 'class';
  return value === null ? 'null' : typeof value;
}

/** Whether it is a plain object. The entries of a Map, or inherited members of a class, would be skipped. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Returns the path of a member: `roles[0].permissions["https://shopping.api"]`. */
export function pathOf(path: string, name: string): string {
  if (!/^[a-z$_][\w$]*$/i.test(name)) return `${path}[${show(name)}]`;
  return path === '' ? name : `${path}.${name}`;
}

function adviceOn(name: string, known: readonly string[]): string {
  const meant = closestOption(name, known);
  return meant === undefined ? `Known members are ${joinWords(known)}.` : `Did you mean \`${meant}\`?`;
}
