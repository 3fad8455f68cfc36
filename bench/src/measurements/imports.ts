import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { interleave, summarize } from '../lab/statistics.js';
import { number, withRange } from '../report/format.js';
import type { Measure } from './measurement.js';

const PACKAGES = {
  'express-logto-m2m': ['express-logto-m2m'],
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

/** What a process pays at its start. */
export const imports: Measure = async ({ quick }) => {
  const names = Object.keys(PACKAGES) as (keyof typeof PACKAGES)[];
  const read = async (name: keyof typeof PACKAGES) => {
    const list = PACKAGES[name].map((specifier) => `import('${specifier}')`).join();
    const script = `const began = performance.now(); await Promise.all([${list}]); console.log(performance.now() - began)`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: folder });
    return Number(output.toString());
  };
  await interleave(names, 1, read);
  const readings = await interleave(names, quick ? 2 : 25, read);
  const median = (name: keyof typeof PACKAGES) => summarize(readings[name]).median;
  return {
    title: 'Importing the package',
    how: 'Each reading is a new process that imports, and no more; the time from before the import to after it.',
    verdicts: [
      {
        claim: 'Importing the package, against jose and lru-cache alone',
        seen: `${number(median('express-logto-m2m'))} ms against ${number(median('jose and lru-cache'))} ms`,
      },
    ],
    tables: [
      { columns: ['', 'ms'], rows: names.map((name) => [name, withRange(summarize(readings[name]))]) },
    ],
  };
};
