/**
 * Control and format characters and line separators: C0 and C1, bidirectional overrides, zero-width characters.
 * External text could use them to rewrite a screen, forge a log line, or resemble another text.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const UNPRINTABLE_RUNS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;
/** The same characters, except the line feeds between the members of a JSON text. */
const UNPRINTABLE_IN_JSON = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Escapes unprintable characters as JSON does, so that external text is safe to show. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}

/** Replaces unprintable characters by spaces, so that the text is one line. */
export function oneLine(text: string): string {
  return text.replace(UNPRINTABLE_RUNS, ' ');
}

/** Escapes unprintable characters in a JSON text. They occur only in its strings, so its meaning does not change. */
export function printableJson(json: string): string {
  return json.replace(UNPRINTABLE_IN_JSON, escaped);
}

/** Truncates a text to this many characters. */
export function cut(text: string, longest = 100): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/**
 * Formats a value from a token for a hint: JSON-quoted, at most 100 characters. The value is untrusted, and may be
 * nested deeper than the stack allows, so only the part that is shown is read.
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
  // Escapes each code unit, since JSON has no escape for a character above U+FFFF.
  for (let i = 0; i < character.length; i++)
    text += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return text;
}
