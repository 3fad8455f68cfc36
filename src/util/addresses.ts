/** Removes all trailing occurrences of a character. A regular expression would take quadratic time. */
export function withoutTrailing(text: string, character: string): string {
  let end = text.length;
  while (text[end - 1] === character) end -= 1;
  return text.slice(0, end);
}

/** Removes the query, which may contain a secret, for a message or a store. */
export function withoutQuery(uri: string): string {
  return uri.replace(/\?.*/, '');
}
