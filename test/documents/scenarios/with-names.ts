import { expect } from 'vitest';

/** Behind Logto's back the block's public names lead to the issuer of the test, as DNS would. */
export function withNames(code: string, names: Record<string, string>): string {
  return Object.entries(names).reduce((text, [name, address]) => {
    expect(text).toContain(name);
    return text.replaceAll(name, address);
  }, code);
}
