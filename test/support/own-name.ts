import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../../src/', import.meta.url));

/** For Vite: the example imports the package by its name; in tests that name means the source, not an old build. */
export const ownName = [
  { find: /^express-logto-m2m$/, replacement: `${source}index.ts` },
  { find: /^express-logto-m2m\/(client|testing)$/, replacement: `${source}$1/index.ts` },
];
