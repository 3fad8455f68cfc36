import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { runBuilt } from '../../support/built-command.js';
import type { StandInLogto } from '../../support/management-api/stand-in-logto.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { admin, interrupt, openTenant, runSetup, SHOP, SHOP_FILE, setupFile } from './tenant.js';

async function openWithFile() {
  const logto = await openTenant();
  const folder = temporaryFolder();
  const file = join(folder, 'shop.env');
  return { logto, folder, file, run: (path = file) => runSetup(logto, ['--write-env', path]) };
}

/** Gives the only secret of an app another value. */
function setSecret(logto: StandInLogto, app: string, value: string): void {
  const { id } = logto.app(app);
  logto.change(() => {
    for (const secret of logto.state.secrets) if (secret.applicationId === id) secret.value = value;
  });
}

describe('logto-m2m setup --write-env', () => {
  it('writes the ids and secrets of the apps, readable only by the owner of the file', async () => {
    const { logto, folder, file, run } = await openWithFile();
    const { code, stdout, stderr } = await run();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`\nWrote ${file}.\n`);
    const [statistics, catalog] = ['statistics-service', 'catalog-service'].map((name) => logto.app(name));
    expect(parseEnv(readFileSync(file, 'utf8'))).toEqual({
      LOGTO_ENDPOINT: logto.endpoint,
      LOGTO_AUDIENCE: SHOP,
      LOGTO_APP_ID: statistics?.id,
      LOGTO_APP_SECRET: statistics?.secret,
      CATALOG_SERVICE_ID: catalog?.id,
      CATALOG_SERVICE_SECRET: catalog?.secret,
      STRANGER_SERVICE_ID: logto.app('stranger-service').id,
      STRANGER_SERVICE_SECRET: logto.app('stranger-service').secret,
      PARTNER_SERVICE_ID: logto.app('partner-service').id,
      PARTNER_SERVICE_SECRET: logto.app('partner-service').secret,
      CORNER_SHOP_ID: logto.state.organizations[0]?.id,
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['shop.env']);
    for (const { secret } of logto.directory.applications) expect(stdout).not.toContain(secret);
  });

  it('rewrites the file through a link, and removes read access for others', async () => {
    const { logto, folder, file, run } = await openWithFile();
    await run();
    const before = readFileSync(file, 'utf8');
    const link = join(folder, 'link.env');
    symlinkSync('shop.env', link);
    writeFileSync(file, `LOGTO_APP_ID=old\nLOGTO_ENDPOINT=${logto.endpoint}\n`, { mode: 0o644 });
    expect(await run(link)).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing to do.') });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('leaves a file with other content unchanged, and sends no request to Logto', async () => {
    const { logto, file, run } = await openWithFile();
    const { id, secret } = logto.app();
    const contents: [content: string, why: string][] = [
      ['PORT=80\n', 'has lines that this set-up did not write, such as the variable PORT'],
      [
        'export LOGTO_APP_ID=x\n',
        'has lines that this set-up did not write, such as the variable LOGTO_APP_ID',
      ],
      ['LOGTO_APP_ID="a\nb"\n', 'has lines that this set-up did not write'],
      ['# keep this\n', 'has lines that this set-up did not write'],
      ['-----BEGIN PRIVATE KEY-----\nx==\n', 'has lines that this set-up did not write'],
      ['LOGTO_ENDPOINT=https://prod.example\n', 'belongs to another Logto, https://prod.example'],
      [`LOGTO_APP_ID=${id}\n`, 'has the credentials of the app that calls the Management API'],
      [`LOGTO_APP_SECRET='${secret}'\n`, 'has the credentials of the app that calls the Management API'],
    ];
    for (const [content, why] of contents) {
      writeFileSync(file, content);
      const { code, stderr } = await run();
      expect(stderr).toBe(`${file} ${why}. Name another file, or delete this one.\n`);
      expect(code).toBe(1);
      expect(readFileSync(file, 'utf8')).toBe(content);
    }
    expect(logto.requests).toEqual([]);
  });

  it('never replaces the set-up file itself', async () => {
    const logto = await openTenant();
    const file = setupFile({ apps: [{ name: 'a' }] });
    const before = readFileSync(file, 'utf8');
    expect((await runSetup(logto, ['--write-env', file], { file })).code).toBe(1);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('does not replace a file with LOGTO_AUDIENCE if the set-up has several APIs', async () => {
    const logto = await openTenant();
    const out = join(temporaryFolder(), 'x.env');
    writeFileSync(out, 'LOGTO_AUDIENCE=https://kept.example\n');
    const api = ['https://a.example', 'https://b.example'].map((indicator) => ({
      name: indicator,
      indicator,
      permissions: {},
    }));
    expect((await runSetup(logto, ['--write-env', out], { file: setupFile({ api }) })).code).toBe(1);
    expect(readFileSync(out, 'utf8')).toBe('LOGTO_AUDIENCE=https://kept.example\n');
  });

  it('does not replace a link to a missing file', async () => {
    const { logto, folder } = await openWithFile();
    const link = join(folder, 'link.env');
    symlinkSync('elsewhere.env', link);
    const { code, stderr } = await runSetup(logto, ['--write-env', link]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `${link} is a link to a file that does not exist: create that file, or name another one.\n`,
    });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  it('leaves the file unchanged if it fails', async () => {
    const { logto, folder, file, run } = await openWithFile();
    const before = `LOGTO_ENDPOINT=${logto.endpoint}\n`;
    writeFileSync(file, before);
    const fails = async () => {
      expect((await run()).code).toBe(1);
      expect(readFileSync(file, 'utf8')).toBe(before);
      expect(readdirSync(folder)).toEqual(['shop.env']);
    };
    interrupt(logto, /POST .api.organizations/, { status: 500 });
    await fails();
    interrupt(logto, /GET .api.applications.\w+.secrets$/, { status: 500 });
    await fails();
  });

  it.each<[what: string, path: (folder: string) => string, sentence: RegExp]>([
    [
      'a folder is missing',
      (folder) => join(folder, 'none', 'x.env'),
      /x\.env cannot be written \(ENOENT\)\.\n$/,
    ],
    ['the path is a folder', (folder) => folder, /^\S+ is not a regular file\.\n$/],
    ['the path is empty', () => '', /^\S+ is not a regular file\.\n$/],
    ['the path is a device', () => '/dev/null', /^\/dev\/null is not a regular file\.\n$/],
  ])('sends no request to Logto if %s', async (_what, path, sentence) => {
    const { logto, folder } = await openWithFile();
    const { code, stdout, stderr } = await runSetup(logto, ['--write-env', path(folder)]);
    expect(stderr).toMatch(sentence);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(logto.requests).toEqual([]);
  });

  it('quotes values so that node --env-file and a shell read them unchanged', async () => {
    const { logto, file, run } = await openWithFile();
    await run();
    const values = { statistics: `#a "b" $HOME \\n \`c\``, catalog: `it's #1`, partner: 'ends with \\' };
    for (const [name, value] of Object.entries(values)) setSecret(logto, `${name}-service`, value);
    expect((await run()).code).toBe(0);

    const program =
      'const e = process.env; console.log(JSON.stringify([e.LOGTO_APP_SECRET, e.CATALOG_SERVICE_SECRET, e.PARTNER_SERVICE_SECRET]))';
    const read = (command: string, ...args: string[]) =>
      JSON.parse(execFileSync(command, args, { env: { PATH: process.env['PATH'] }, encoding: 'utf8' }));
    expect(read(process.execPath, `--env-file=${file}`, '-e', program)).toEqual(Object.values(values));
    expect(read('sh', '-c', 'set -a; . "$1"; "$2" -e "$3"', 'sh', file, process.execPath, program)).toEqual(
      Object.values(values),
    );
  });

  it.each([`it's "quoted"`, `it's $5`, 'two\nlines'])(
    'refuses the secret %j, which cannot be quoted',
    async (secret) => {
      const { logto, run } = await openWithFile();
      await run();
      setSecret(logto, 'partner-service', secret);
      const { code, stdout, stderr } = await run();
      expect(stderr).toMatch(
        /^PARTNER_SERVICE_SECRET has characters that an environment file cannot contain: /,
      );
      expect(stdout + stderr).not.toContain(secret);
      expect(code).toBe(1);
    },
  );

  it('writes a secret that does not expire, and reports an app without a valid secret', async () => {
    const { logto, file, run } = await openWithFile();
    await run();
    const before = readFileSync(file, 'utf8');
    const { id } = logto.app('catalog-service');
    const [own] = logto.state.secrets.filter(({ applicationId }) => applicationId === id);
    if (own === undefined) throw new Error('no secret');
    logto.state.secrets.unshift(
      { ...own, name: 'older, but expired', value: 'EXPIRED', createdAt: 1, expiresAt: 2 },
      { ...own, name: 'older, but ending', value: 'ENDING', createdAt: 1, expiresAt: Date.now() + 60_000 },
      { ...own, name: 'newer', value: 'NEWER', createdAt: own.createdAt + 1 },
    );
    await run();
    expect(readFileSync(file, 'utf8')).toBe(before);

    // It fails before it creates anything.
    for (const one of logto.state.secrets) if (one.applicationId === id) one.expiresAt = 2;
    logto.change(() => logto.state.roleApps.splice(1, 1));
    const state = structuredClone(logto.state);
    const { code, stderr } = await run();
    expect(logto.state).toEqual(state);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `The app catalog-service (${id}) has no secret that is still valid: create one on its page in the Logto Console.\n`,
    });
  });

  it('names the variables of an app after the app, or after `env` in the file', async () => {
    const logto = await openTenant();
    const out = join(temporaryFolder(), 'x.env');
    const file = setupFile({
      api: ['https://a.example', 'https://b.example'].map((indicator) => ({
        name: indicator,
        indicator,
        permissions: {},
      })),
      apps: [{ name: 'Zahlungs-Prüfer (neu)' }, { name: '2nd' }, { name: '支払い', env: 'PAYMENTS' }],
    });
    expect((await runSetup(logto, ['--write-env', out], { file })).code).toBe(0);
    // With two APIs there is no single audience.
    expect(readFileSync(out, 'utf8').match(/^\w+/gm)).toEqual([
      'LOGTO_ENDPOINT',
      ...['ZAHLUNGS_PRUFER_NEU_ID', 'ZAHLUNGS_PRUFER_NEU_SECRET'],
      ...['_2ND_ID', '_2ND_SECRET', 'PAYMENTS_ID', 'PAYMENTS_SECRET'],
    ]);
  });

  // Node reads --env-file itself, at any position, and exits if the file is missing (nodejs/node#54232).
  it('accepts the name --env-file for an existing file', async () => {
    const { logto, file } = await openWithFile();
    const run = () => runBuilt(['setup', SHOP_FILE, '--env-file', file], { env: admin(logto) });
    expect(await run()).toMatchObject({ code: 9, stdout: '' });
    writeFileSync(file, '');
    expect(await run()).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(file, 'utf8')).toMatch(/^LOGTO_APP_SECRET=/m);
  });
});
