import { faultError, type Owner } from './option-error.js';

/**
 * Returns the fault in an app's id or secret, as the end of a sentence; undefined if there is none. Both are
 * printable ASCII (RFC 6749 appendices A.1 and A.2), and Logto refuses a request with other characters in them.
 */
export function faultInCredential(value: string): string | undefined {
  if (/^[ -~]*$/.test(value)) return undefined;
  if (/[\r\n]\s*$/.test(value)) return 'ends with a line break';
  if (/^\s*[\r\n]/.test(value)) return 'begins with a line break';
  if (/[\r\n]/.test(value)) return 'contains a line break';
  return /[^\0-\x7f]/.test(value) ? 'contains a character that is not ASCII' : 'contains a control character';
}

/**
 * Returns the id or secret of an app.
 *
 * @throws TypeError that names the option and its fault, and never shows the value
 */
export function checkCredential(owner: Owner, option: string, value: string): string {
  const fault = faultInCredential(value);
  if (fault === undefined) return value;
  throw faultError(owner, `\`${option}\` ${fault}. ${credentialFix('remove it with .trim()')}`);
}

/**
 * Returns the remedy for an invalid id or secret.
 *
 * @param remedy - how to remove a line break at the end
 */
export function credentialFix(remedy: string): string {
  return `Logto accepts only printable ASCII. The text of a file often ends with a line break: ${remedy}. Otherwise copy the value again from the Logto Console.`;
}
