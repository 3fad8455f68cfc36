import { readFileSync } from 'node:fs';
import { defineConfig } from 'rolldown';

/** The modules that users import, by the names of their files in `dist`. */
export const entries = {
  index: 'src/index.ts',
  client: 'src/client/index.ts',
  testing: 'src/testing/index.ts',
  setup: 'src/testing/setup.ts',
};
/** The ES module of `setup` runs when it is imported, so users do not call it. */
const esEntries = { ...entries, setup: 'src/testing/setup-now.ts' };
const packages = /^(lru-cache|jose|oauth4webapi)(\/|$)/;

/** The CommonJS files contain the packages that exist only as ES modules. Their licences must accompany each copy. */
const bundled = ['jose', 'oauth4webapi'];
const licences = bundled
  .map((name) => `${name}\n\n${readFileSync(`node_modules/${name}/LICENSE.md`, 'utf8').trim()}`)
  .join('\n\n');

const sandboxGlobals = [
  ...['AbortController', 'AbortSignal', 'CompressionStream', 'CryptoKey', 'DOMException'],
  ...[
    'DecompressionStream',
    'Headers',
    'ReadableStream',
    'Request',
    'Response',
    'TextDecoder',
    'TextEncoder',
  ],
  ...['URL', 'URLSearchParams', 'Uint8Array', 'atob', 'btoa', 'crypto', 'fetch', 'performance'],
];
const inject = Object.fromEntries(
  sandboxGlobals.map((name) => [name, [`${import.meta.dirname}/src/sandbox-globals.ts`, name]]),
);

/** Removes the prefix of built-in modules, since jest 26 does not know it. */
const withoutNodePrefix = {
  name: 'without-node-prefix',
  resolveId: (id) => (id.startsWith('node:') ? { id: id.slice('node:'.length), external: true } : null),
};

const common = { platform: 'node', tsconfig: 'tsconfig.json', transform: { target: 'node20.19' } };

// Each entry is built separately, so that it is one file. Nothing is minified, so that stack traces are readable. The
// ES modules also have source maps.
export default defineConfig([
  ...Object.entries(esEntries).map(([name, input]) => ({
    ...common,
    input: { [name]: input },
    external: packages,
    output: { dir: 'dist', format: 'es', sourcemap: true },
  })),
  ...Object.entries(entries).map(([name, input]) => ({
    ...common,
    input: { [name]: input },
    external: 'lru-cache',
    transform: { ...common.transform, inject },
    plugins: [withoutNodePrefix],
    output: {
      dir: 'dist',
      format: 'cjs',
      exports: 'named',
      entryFileNames: '[name].cjs',
      banner: ({ moduleIds }) =>
        moduleIds.some((id) => bundled.some((name) => id.includes(`/node_modules/${name}/`)))
          ? `/*!\nThis file contains ${bundled.join(' and ')}.\n\n${licences}\n*/`
          : '',
      // jest calls the export of a module in `setupFiles` if it is a function.
      footer: name === 'setup' ? 'module.exports = Object.assign(setup, exports);' : '',
    },
  })),
  {
    ...common,
    input: { 'cli/bin': 'src/cli/bin.ts' },
    external: packages,
    output: { dir: 'dist', format: 'es', chunkFileNames: 'cli/[name].js' },
  },
]);
