import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pack, root } from './packed.js';

let temporary: string;
let tarball: string;

beforeAll(async () => {
  temporary = mkdtempSync(join(tmpdir(), 'package-quality-'));
  tarball = await pack(temporary);
}, 60_000);
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

describe('the packed package', { timeout: 60_000 }, () => {
  it('is one that publint has nothing to say about', async () => {
    const bytes = new Uint8Array(readFileSync(tarball)).buffer;
    const { messages, pkg } = await publint({ pack: { tarball: bytes }, level: 'suggestion' });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  it('has types that are right for every way to import it', async () => {
    const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    const said = await new Promise<string>((resolve) => {
      // Its exit code tells of the problem below too.
      execFile(process.execPath, [attw, tarball, '--format', 'json'], { maxBuffer: 2 ** 26 }, (_error, out) =>
        resolve(out),
      );
    });
    const { analysis } = JSON.parse(said);
    expect(Object.keys(analysis.entrypoints).sort()).toEqual([
      '.',
      './client',
      './package.json',
      './testing',
    ]);
    // Two are known. An ES module is not for `require`, it says: from Node 20.19 on it is, and the project of CommonJS
    // beside this file does so; so do its types, under TypeScript's `nodenext` from 5.8 on. And TypeScript's oldest
    // resolution, `node10`, which a CommonJS project has to leave for that, knows of no `exports`.
    const toEsm = (entrypoint: string) => ({
      kind: 'CJSResolvesToESM',
      entrypoint,
      resolutionKind: 'node16-cjs',
    });
    const none = (entrypoint: string) => ({
      kind: 'NoResolution',
      entrypoint,
      resolutionKind: 'node10',
    });
    expect(analysis.problems).toEqual([
      toEsm('.'),
      none('./client'),
      toEsm('./client'),
      none('./testing'),
      toEsm('./testing'),
    ]);
  });
});
