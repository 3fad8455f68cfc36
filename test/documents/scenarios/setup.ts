import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect } from 'vitest';
import { admin } from '../../cli/setup/tenant.js';
import { type Outcome, runBuilt } from '../../support/built-command.js';
import { StandInLogto } from '../../support/management-api/stand-in-logto.js';
import { blocksOf } from '../../support/markdown.js';
import { Program } from '../../support/program.js';
import type { Scenarios } from '../scenario.js';

const page = 'docs/setup.md';
const block = (name: string) => blocksOf(page).find((one) => one.name === name)?.code ?? '';

/** Runs the commands of a block for a new tenant, in a folder with the file of the page. */
async function runCommands(
  code: string,
  play: (outcomes: Outcome[], logto: StandInLogto, folder: string) => void | Promise<void>,
  prepare: (run: (line: string) => Promise<Outcome>) => Promise<void> = async () => {},
): Promise<void> {
  const logto = await StandInLogto.start();
  const folder = mkdtempSync(join(tmpdir(), 'setup-page-'));
  writeFileSync(join(folder, 'logto.json'), block('setup-small'));
  const run = (line: string) => {
    const [, ...args] = line.replace('npx ', '').split(' ');
    return runBuilt(args, { env: admin(logto), cwd: folder });
  };
  try {
    await prepare(run);
    const outcomes: Outcome[] = [];
    for (const line of code.split('\n').filter((one) => one.startsWith('npx ')))
      outcomes.push(await run(line));
    await play(outcomes, logto, folder);
  } finally {
    rmSync(folder, { recursive: true });
    await logto.stop();
  }
}

export const setup: Scenarios = {
  'setup-small': (code) =>
    runCommands(block('setup-run'), (_outcomes, logto) => {
      expect(JSON.parse(code)).toMatchObject({ api: { indicator: 'https://shopping.api' } });
      expect(logto.app('statistics-service').grants).toEqual({ 'https://shopping.api': ['read:products'] });
    }),

  'setup-run': (code) =>
    runCommands(code, ([plan, made], logto, folder) => {
      expect(plan).toMatchObject({ code: 3, stderr: '' });
      expect(made).toMatchObject({ code: 0, stderr: '' });
      expect(parseEnv(readFileSync(join(folder, 'apps.env'), 'utf8'))).toEqual({
        LOGTO_ENDPOINT: logto.endpoint,
        LOGTO_AUDIENCE: 'https://shopping.api',
        LOGTO_APP_ID: logto.app('statistics-service').id,
        LOGTO_APP_SECRET: logto.app('statistics-service').secret,
      });
    }),

  'setup-output': (code) =>
    runCommands(block('setup-run'), ([, made]) => {
      expect(made?.stdout).toBe(code);
    }),

  'setup-doctor': (code) =>
    runCommands(block('setup-run'), async (_outcomes, _logto, folder) => {
      const [, ...args] = code.trim().split('node_modules/.bin/logto-m2m');
      const env = parseEnv(readFileSync(join(folder, 'apps.env'), 'utf8'));
      const { code: ended, stdout } = await runBuilt((args[0] ?? '').trim().split(' '), { env });
      expect({ ended, stdout }).toEqual({
        ended: 0,
        stdout: expect.stringContaining('Granted: read:products'),
      });
    }),

  'setup-whole': async (code) => {
    const logto = await StandInLogto.start();
    const folder = mkdtempSync(join(tmpdir(), 'setup-page-'));
    writeFileSync(join(folder, 'logto.json'), code);
    const run = () => runBuilt(['setup', 'logto.json'], { env: admin(logto), cwd: folder });
    expect(await run()).toMatchObject({ code: 0, stderr: '' });
    const again = await run();
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing to do.') });
    expect(again.stdout).not.toMatch(/^!/m);
    rmSync(folder, { recursive: true });
    await logto.stop();
  },

  'setup-module': async (code) => {
    // The block runs as a program of a user of the package.
    const program = new Program(
      `${code}\n`.replace('export default', 'const setup =').concat('console.log(setup.api);'),
    );
    await program.end();
    expect(program.output).toContain("indicator: 'https://shopping.api'");
    await program.stop();
  },

  'setup-check': async (code) => {
    const scopes = ['read:products', 'read:stock'];
    const api = createServer((_req, res) => {
      res.end(JSON.stringify({ resource: 'https://shopping.api', scopes_supported: scopes }));
    });
    await new Promise<void>((listening) => api.listen(0, '127.0.0.1', listening));
    const { port } = api.address() as AddressInfo;
    const own = code.replace('localhost:3100', `127.0.0.1:${port}`);
    const make = async (run: (line: string) => Promise<Outcome>) =>
      void (await run('npx express-logto-m2m setup logto.json'));
    await runCommands(
      own,
      ([outcome]) => {
        expect(outcome).toMatchObject({ code: 1, stderr: '' });
        expect(outcome?.stdout).toContain('- permission read:stock of https://shopping.api\n');
      },
      make,
    );
    api.close();
  },
};
