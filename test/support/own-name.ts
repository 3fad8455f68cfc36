import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../../src/', import.meta.url));

/** Aliases for Vite: the example imports the package by its name, which tests resolve to the source, not a build. */
export const ownName = [
  { find: /^express-logto-m2m$/, replacement: `${source}index.ts` },
  { find: /^express-logto-m2m\/(client|testing)$/, replacement: `${source}$1/index.ts` },
];
