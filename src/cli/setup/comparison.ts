import { isDeepStrictEqual } from 'node:util';
import { show } from '../../options/option-error.js';
import { own } from '../../util/own.js';
import { cut } from '../../util/printable.js';
import { joinWords } from '../words.js';
import type { Named } from './entry.js';
import type { ApiPermission } from './setup.js';
import { type Ids, type Step, seen } from './steps.js';

/** Returns the key of a permission in `Ids`. */
export function permissionKey({ indicator, name }: ApiPermission): string {
  return `${name} of ${indicator}`;
}

/** Returns the permissions that a role in the tenant does not grant. */
export function missingIn(
  permissions: readonly ApiPermission[],
  ids: Ids,
  present: readonly Named[],
): ApiPermission[] {
  const held = new Set(present.map(({ id }) => id));
  return permissions.filter((one) => {
    const id = ids.find('permission', permissionKey(one));
    return id === undefined || !held.has(id);
  });
}

/** Compares the descriptions, if the file has one. */
export function descriptionDifference(text: string, found: Named, wanted: string | undefined): Step[] {
  return difference(text, 'description', found.description, wanted || undefined);
}

/** Compares a member of an entity. A member that the file does not have is not compared. */
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

/** Returns `read:products and write:products`; with their APIs if they belong to several. */
function joinNames(permissions: readonly { readonly name: string }[]): string {
  const indicators = permissions.map((one) => own(one, 'indicator'));
  const areOfSeveralApis = new Set(indicators.filter((one) => one !== undefined)).size > 1;
  return joinWords(
    permissions.map(({ name }, index) =>
      areOfSeveralApis && indicators[index] !== undefined ? `${name} of ${indicators[index]}` : name,
    ),
  );
}

/** Returns `permission read:products`, or `permissions read:products and write:products`. */
export function namedPermissions(permissions: readonly { readonly name: string }[]): string {
  return `${permissions.length === 1 ? 'permission' : 'permissions'} ${joinNames(permissions)}`;
}

/** Returns the names as the end of a line; empty if there are none. */
export function withNames(permissions: readonly { readonly name: string }[]): string {
  return permissions.length === 0 ? '' : ` with ${joinNames(permissions)}`;
}

/** Returns name and description for a request. Logto treats an absent description as empty. */
export function bodyOf({ name, description }: { name: string; description: string | undefined }): object {
  return { name, ...(description && { description }) };
}
