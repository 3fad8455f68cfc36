import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import resolve from '@rollup/plugin-node-resolve';

export default {
  input: 'server.mjs',
  plugins: [resolve({ preferBuiltins: true }), commonjs(), json()],
  output: [
    { file: 'dist/rollup.cjs', format: 'cjs' },
    { file: 'dist/rollup.mjs', format: 'es' },
  ],
};
