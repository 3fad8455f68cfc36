import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runBuilt } from '../support/built-command.js';
import { Recorder } from '../support/client.js';
import { logtoM2M } from './command.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const main = join(root, 'dist/cli/bin.js');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

describe('logto-m2m', () => {
  it.each([
    [['--help'], /logto-m2m doctor/],
    [['help'], /logto-m2m doctor/],
    [['token', '--help'], /curl -H "Authorization: Bearer/],
    [['help', 'inspect'], /The token is not sent anywhere/],
    [['doctor', '-h', '--nonsense'], /--api URL/],
  ])('prints help for %j', async (args, said) => {
    const { code, stdout, stderr } = await logtoM2M(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(said);
    expect(stdout.split('\n').filter((line) => line.length > 112)).toEqual([]);
  });

  it('prints its version', async () => {
    expect(await logtoM2M(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([
    [[]],
    [['docter']],
    [['--nonsense']],
    [['help', 'docter']],
    [['help', 'constructor']],
    [['toString']],
  ])('exits with 2 for arguments without a known command: %j', async (args) => {
    const { code, stdout, stderr } = await logtoM2M(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^logto-m2m: .*token, inspect/);
  });

  it('suggests a similar command, and does not print a word that may be a secret', async () => {
    expect((await logtoM2M(['docter'])).stderr).toContain('Did you mean doctor?');
    const { stderr } = await logtoM2M(['hush-hush']);
    expect(stderr).toContain('no such command');
    expect(stderr).not.toContain('hush-hush');
  });

  it('reads a token from stdin in a process of its own', async () => {
    const { stdout } = await runBuilt(['inspect', '--json'], { stdin: 'eyJhbGciOiJub25lIn0.e30.c2ln\n' });
    expect(JSON.parse(stdout)).toMatchObject({ header: { alg: 'none' } });
  });

  it('waits before a retry in a process of its own', async () => {
    const times: number[] = [];
    const logto = await Recorder.start((_req, res) => {
      times.push(performance.now());
      res.writeHead(times.length === 1 ? 500 : 404).end();
    });
    await runBuilt(['doctor'], { env: { LOGTO_ENDPOINT: logto.url } });
    const [first = 0, second = 0] = times;
    expect(second - first).toBeGreaterThanOrEqual(400);
    await logto.stop();
  });

  it('runs through a link with another name, as npm creates it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bin-'));
    try {
      const link = join(folder, 'express-logto-m2m');
      symlinkSync(main, link);
      const { stdout } = spawnSync(process.execPath, [link, '--version'], { encoding: 'utf8' });
      expect(stdout).toBe(`${version}\n`);
      expect(readFileSync(main, 'utf8').split('\n')[0]).toBe('#!/usr/bin/env node');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
