/**
 * Control and format characters and line separators: C0 and C1, bidirectional overrides, characters without a width. With
 * them, a text from elsewhere could rewrite a screen, forge a line of a log, or look like another text.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** The same, but for the line feeds between the members of a JSON text. */
const UNPRINTABLE_IN_JSON = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Escapes such characters as JSON does, so that a text from elsewhere is safe to show. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** Escapes them in a JSON text. Its meaning stays the same, since they can only stand in its strings. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE_IN_JSON, escaped);
}

/** No more of a text than so many characters. */
export function cut(text: string, longest = 100): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/**
 * Something out of a token, fit to stand in a hint: JSON-quoted, and no longer than 100 characters. It is
 * hostile, and may nest deeper than the stack allows: no more of it is looked at than is shown.
 */
export function quote(value: unknown): string {
  if (typeof value === 'string') return printable(JSON.stringify(cut(value)));
  if (Array.isArray(value)) return cut(`[${value.slice(0, 10).map(quoteMember).join(',')}]`);
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function quoteMember(value: unknown): string {
  return Array.isArray(value) ? '[…]' : quote(value);
}

function escaped(character: string): string {
  let text = '';
  // Each of its code units, as JSON has no escape for a whole character above U+FFFF.
  for (let i = 0; i < character.length; i++)
    text += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return text;
}
