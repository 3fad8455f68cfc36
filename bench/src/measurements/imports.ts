import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { DEFAULT_NODE, programOf } from '../lab/nodes.js';
import { interleave, summarize } from '../lab/statistics.js';
import { number, withRange } from '../report/format.js';
import type { Measure } from './measurement.js';

const PACKAGES = {
  'express-logto-m2m': ['express-logto-m2m'],
  'express-logto-m2m/client': ['express-logto-m2m/client'],
  'express-logto-m2m/testing': ['express-logto-m2m/testing'],
  'lru-cache': ['lru-cache'],
  jose: ['jose'],
  'jose and lru-cache': ['jose', 'lru-cache'],
  'express-oauth2-jwt-bearer': ['express-oauth2-jwt-bearer'],
  'express-jwt and jwks-rsa': ['express-jwt', 'jwks-rsa'],
  'aws-jwt-verify': ['aws-jwt-verify'],
  'mcp-auth': ['mcp-auth'],
  'fast-jwt and get-jwks': ['fast-jwt', 'get-jwks'],
} as const;

const folder = fileURLToPath(new URL('../..', import.meta.url));

/** Measures the cost of the import at the start of a process. */
export const imports: Measure = async ({ quick }) => {
  const names = Object.keys(PACKAGES) as (keyof typeof PACKAGES)[];
  const timed = (work: string) =>
    `const began = performance.now(); ${work}; console.log(performance.now() - began)`;
  const read = (type: 'module' | 'commonjs', script: string) =>
    Number(
      execFileSync(programOf(DEFAULT_NODE), [`--input-type=${type}`, '-e', script], {
        cwd: folder,
      }).toString(),
    );
  const byImport = async (name: keyof typeof PACKAGES) => {
    const list = PACKAGES[name].map((specifier) => `import('${specifier}')`).join();
    return read('module', timed(`await Promise.all([${list}])`));
  };
  const byRequire = async (name: keyof typeof PACKAGES) =>
    read('commonjs', timed(PACKAGES[name].map((specifier) => `require('${specifier}')`).join(';')));
  const rounds = quick ? 2 : 25;
  await interleave(names, 1, byImport);
  const imported = await interleave(names, rounds, byImport);
  await interleave(names, 1, byRequire);
  const required = await interleave(names, rounds, byRequire);
  const median = (name: keyof typeof PACKAGES) => summarize(imported[name]).median;
  return {
    title: 'Importing the package',
    how: 'Each reading is a new process that only imports or requires the packages; the time covers only that.',
    verdicts: [
      {
        claim: 'Importing the package, against jose and lru-cache alone',
        seen: `${number(median('express-logto-m2m'))} ms against ${number(median('jose and lru-cache'))} ms`,
      },
    ],
    tables: [
      {
        columns: ['', 'import, ms', 'require, ms'],
        rows: names.map((name) => [
          name,
          withRange(summarize(imported[name])),
          withRange(summarize(required[name])),
        ]),
      },
    ],
  };
};
