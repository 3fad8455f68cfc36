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
    expect(Object.keys(analysis.entrypoints).sort()).toEqual(['.', './package.json']);
    // The one that is known: an ES module is not for `require`, it says. From Node 20.19 on it is, and the project of
    // CommonJS beside this file does so; so do its types, under TypeScript's `nodenext` from 5.8 on.
    expect(analysis.problems).toEqual([
      { kind: 'CJSResolvesToESM', entrypoint: '.', resolutionKind: 'node16-cjs' },
    ]);
  });
});
