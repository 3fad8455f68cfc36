const common = { mode: 'production', target: 'node', entry: './server.mjs' };
const path = `${import.meta.dirname}/dist`;

export default [
  { ...common, output: { path, filename: 'webpack.cjs' } },
  {
    ...common,
    experiments: { outputModule: true },
    output: { path, filename: 'webpack.mjs', module: true, chunkFormat: 'module' },
  },
];
