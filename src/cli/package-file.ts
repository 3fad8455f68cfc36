import { readFileSync } from 'node:fs';

/** Reads a JSON file at the root of this package. */
export function readPackageFile(name: 'package.json' | 'setup.schema.json'): unknown {
  return JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));
}
