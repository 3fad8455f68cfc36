import { dts } from 'rollup-plugin-dts';
import { entries } from './rolldown.config.js';

/** Whoever uses `verify` alone need not install the types of Express: without them its types are `any`. */
const optionalExpress = {
  name: 'optional-express',
  renderChunk: (code) => code.replace(/^import (?=.* from 'express';$)/m, '// @ts-ignore\nimport type '),
};

// Each entry by itself, and the same for both builds.
export default Object.entries(entries).map(([name, input]) => ({
  input,
  plugins: [dts(), optionalExpress],
  output: ['d.ts', 'd.cts'].map((extension) => ({ file: `dist/${name}.${extension}`, format: 'es' })),
}));
