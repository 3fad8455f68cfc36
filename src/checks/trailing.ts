/** A text without the characters of that kind at its end. A pattern would look at each run of them once more for each. */
export function withoutTrailing(text: string, character: string): string {
  let end = text.length;
  while (text[end - 1] === character) end -= 1;
  return text.slice(0, end);
}
