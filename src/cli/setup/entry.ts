import { type Bare, bare, own } from '../../util/own.js';

/** An object in a response of the Management API, with unchecked members. */
export type Entry = Bare<Readonly<Record<string, unknown>>>;

/** The data is not a response of the Management API. */
export class Unreadable extends Error {}

/** Checks that the value is a list of objects. @throws Unreadable */
export function entriesOf(value: unknown): readonly Entry[] {
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'object' && one !== null)) {
    throw new Unreadable();
  }
  return value.map((one) => bare(one as unknown));
}

/** Returns a string member of an entry. @throws Unreadable */
export function textOf(entry: unknown, name: string): string {
  const value = own(entry, name);
  if (typeof value !== 'string') throw new Unreadable();
  return value;
}

/** Returns a number member of an entry. @throws Unreadable */
export function numberOf(entry: unknown, name: string): number {
  const value = own(entry, name);
  if (typeof value !== 'number') throw new Unreadable();
  return value;
}

/** The members that almost every entry has. */
export interface Named {
  readonly id: string;
  readonly name: string;
  /** Empty if Logto has none. */
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
