import { expect } from 'vitest';

/** Replaces the public names in a block with the addresses of the test servers. */
export function withNames(code: string, names: Record<string, string>): string {
  return Object.entries(names).reduce((text, [name, address]) => {
    expect(text).toContain(name);
    return text.replaceAll(name, address);
  }, code);
}
