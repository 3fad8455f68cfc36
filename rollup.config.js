import { dts } from 'rollup-plugin-dts';

const entries = { index: 'index', client: 'client/index', testing: 'testing/index', setup: 'testing/setup' };

/** Whoever uses `verify` alone need not install the types of Express: without them its types are `any`. */
const optionalExpress = {
  name: 'optional-express',
  renderChunk: (code) => code.replace(/^import (?=.* from 'express';$)/m, '// @ts-ignore\nimport type '),
};

// Each entry by itself, and the same for both builds.
export default Object.entries(entries).map(([name, file]) => ({
  input: `src/${file}.ts`,
  plugins: [dts(), optionalExpress],
  output: ['d.ts', 'd.cts'].map((extension) => ({ file: `dist/${name}.${extension}`, format: 'es' })),
}));
