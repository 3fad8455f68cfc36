import { faultError, type Owner, optionError, show } from './option-error.js';
import { checkStrings } from './values.js';

/** RFC 6749 section 3.3: printable ASCII without the space, the double quote and the backslash. */
const SCOPE = /^[!#-[\]-~]+$/;

/** Whether the text is one valid scope name. */
export function isScope(text: string): boolean {
  return SCOPE.test(text);
}

/**
 * Returns the scopes in an option: single strings, or strings of several scopes separated by spaces.
 *
 * @throws TypeError if a name has characters that no scope may have, or if the list is empty: a guard without scopes
 *   would let every valid token through
 */
export function checkScopes(owner: Owner, option: string, value: unknown): readonly string[] {
  const list = checkStrings(owner, option, value, 'a scope such as read:products');
  const scopes = new Set(list.flatMap((item) => item.split(' ')).filter((scope) => scope !== ''));
  for (const scope of scopes) {
    if (!isScope(scope)) {
      throw faultError(
        owner,
        `the scope ${show(scope)} has characters that no scope may have (RFC 6749 section 3.3). ` +
          adviceOn(scope),
      );
    }
  }
  if (scopes.size === 0) throw optionError(owner, option, 'at least one scope', value);
  return Object.freeze([...scopes]);
}

/**
 * Returns the scopes in an option that may have none: it is absent, an empty string or an empty list.
 *
 * @throws TypeError that names the option, the value received, and the value to pass
 */
export function checkScopesIfAny(owner: Owner, option: string, value: unknown): readonly string[] {
  const hasNone = value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
  return hasNone ? [] : checkScopes(owner, option, value);
}

/**
 * Returns the scopes in the option `scopes`, a list that may be empty.
 *
 * @throws TypeError that names the option, the value received, and the value to pass
 */
export function checkScopeList(owner: Owner, value: unknown): readonly string[] {
  if (Array.isArray(value)) return checkScopesIfAny(owner, 'scopes', value);
  throw optionError(owner, 'scopes', "a list of scopes such as ['read:products']", value);
}

function adviceOn(scope: string): string {
  return /^[\s'"]|[\s'"]$/.test(scope)
    ? 'It begins or ends with white space or a quotation mark: remove it.'
    : 'Logto accepts such a permission: give it another name there.';
}
