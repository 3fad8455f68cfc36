import { isDeepStrictEqual } from 'node:util';
import { own } from '../../checks/own.js';
import { cut } from '../../checks/printable.js';
import { show } from '../../checks/values.js';
import { inARow } from '../words.js';
import type { Named } from './entry.js';
import type { ApiPermission } from './setup.js';
import { type Ids, type Step, seen } from './steps.js';

/** The key of a permission in `Ids`. */
export function keyOf({ indicator, name }: ApiPermission): string {
  return `${name} of ${indicator}`;
}

/** Which of these permissions a role in the tenant does not give. */
export function lackingIn(
  permissions: readonly ApiPermission[],
  ids: Ids,
  present: readonly Named[],
): ApiPermission[] {
  const held = new Set(present.map(({ id }) => id));
  return permissions.filter((one) => {
    const id = ids.find('permission', keyOf(one));
    return id === undefined || !held.has(id);
  });
}

/** A description that the file has, and Logto has not. */
export function descriptionDifference(text: string, found: Named, wanted: string | undefined): Step[] {
  return difference(text, 'description', found.description, wanted || undefined);
}

/** A member that is another one in Logto than in the file. Where the file has none, none is demanded. */
export function difference(text: string, member: string, present: unknown, wanted: unknown): Step[] {
  if (wanted === undefined || isDeepStrictEqual(present, wanted)) return [];
  return [
    seen('differs', `${text}: ${member} is ${shown(present)} in Logto, and ${shown(wanted)} in the file`),
  ];
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  return typeof value === 'object' ? cut(JSON.stringify(value)) : show(value);
}

/** `read:products and write:products`; with their APIs where they are of several. */
export function namesOf(permissions: readonly { readonly name: string }[]): string {
  const indicators = permissions.map((one) => own(one, 'indicator'));
  const areOfSeveral = new Set(indicators.filter((one) => one !== undefined)).size > 1;
  return inARow(
    permissions.map(({ name }, index) =>
      areOfSeveral && indicators[index] !== undefined ? `${name} of ${indicators[index]}` : name,
    ),
  );
}

/** The same as the end of a line; empty where there is none. */
export function withNames(permissions: readonly { readonly name: string }[]): string {
  return permissions.length === 0 ? '' : ` with ${namesOf(permissions)}`;
}

/** Name and description for a request. Logto takes an absent description for none. */
export function bodyOf({ name, description }: { name: string; description: string | undefined }): object {
  return { name, ...(description && { description }) };
}
