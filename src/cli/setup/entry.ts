import { type Bare, bare, own } from '../../checks/own.js';

/** An entry of the Management API, of which nothing is known but that it is an object. */
export type Entry = Bare<Readonly<Record<string, unknown>>>;

/** What was read is not what the Management API answers. */
export class Unreadable extends Error {}

/** The entries of a list. @throws Unreadable */
export function entriesOf(value: unknown): readonly Entry[] {
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'object' && one !== null)) {
    throw new Unreadable();
  }
  return value.map((one) => bare(one as unknown));
}

/** A text of an entry. @throws Unreadable */
export function textOf(entry: unknown, name: string): string {
  const value = own(entry, name);
  if (typeof value !== 'string') throw new Unreadable();
  return value;
}

/** A number of an entry. @throws Unreadable */
export function numberOf(entry: unknown, name: string): number {
  const value = own(entry, name);
  if (typeof value !== 'number') throw new Unreadable();
  return value;
}

/** What almost every entry has. */
export interface Named {
  readonly id: string;
  readonly name: string;
  /** Empty where Logto has none. */
  readonly description: string;
}

/** @throws Unreadable */
export function namedOf(entry: Entry): Named {
  const { description } = entry;
  return {
    id: textOf(entry, 'id'),
    name: textOf(entry, 'name'),
    description: typeof description === 'string' ? description : '',
  };
}
