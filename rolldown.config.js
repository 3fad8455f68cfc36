import { readFileSync } from 'node:fs';
import { defineConfig } from 'rolldown';

/** What users import, by the names of the files in `dist`. */
export const entries = {
  index: 'src/index.ts',
  client: 'src/client/index.ts',
  testing: 'src/testing/index.ts',
  setup: 'src/testing/setup.ts',
};
/** As an ES module it need not be called. */
const esEntries = { ...entries, setup: 'src/testing/setup-now.ts' };
const packages = /^(lru-cache|jose|oauth4webapi)(\/|$)/;

/** What exists as an ES module only is part of the CommonJS files. Its licence asks for its text beside each copy. */
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

/** jest 26 does not know built-in modules by this prefix. */
const withoutNodePrefix = {
  name: 'without-node-prefix',
  resolveId: (id) => (id.startsWith('node:') ? { id: id.slice('node:'.length), external: true } : null),
};

const common = { platform: 'node', tsconfig: 'tsconfig.json', transform: { target: 'node20.19' } };

// Each entry is built by itself, so that it is one file. Nothing is minified, so that stack traces can be read as they
// are; the ES modules have source maps, too.
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
      // jest calls what a module of `setupFiles` exports, if that is a function.
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
