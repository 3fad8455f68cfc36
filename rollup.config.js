import { dts } from 'rollup-plugin-dts';
import { entries } from './rolldown.config.js';

/** Makes the types of Express optional for users of `verify` alone: if they are not installed, its types are `any`. */
const optionalExpress = {
  name: 'optional-express',
  renderChunk: (code) => code.replace(/^import (?=.* from 'express';$)/m, '// @ts-ignore\nimport type '),
};

// Each entry is built separately. Both builds have the same declarations.
export default Object.entries(entries).map(([name, input]) => ({
  input,
  plugins: [dts(), optionalExpress],
  output: ['d.ts', 'd.cts'].map((extension) => ({ file: `dist/${name}.${extension}`, format: 'es' })),
}));
