import { describe, expect, it } from 'vitest';
import { Recorder } from '../support/client.js';
import {
  APP,
  AUDIENCE,
  foreignToken,
  keyIdOf,
  keySetOf,
  now,
  ownLogto,
  readingToken,
  sharedLogto,
} from '../support/logto.js';
import { encodePart } from '../support/signing.js';
import { logtoM2M } from './command.js';

const logto = await sharedLogto();

/** Inspects a token with this configuration, on stdin. */
function inspect(token: string, args: readonly string[] = [], env: Record<string, string> = {}) {
  const set = { LOGTO_ENDPOINT: logto.endpoint, LOGTO_AUDIENCE: AUDIENCE };
  return logtoM2M(['inspect', ...args], { stdin: `${token}\n`, env: { ...set, ...env } });
}

describe('logto-m2m inspect', () => {
  it('prints header and claims with relative times, and says that the API accepts the token', async () => {
    const token = await readingToken(logto, {
      expiresIn: 41 * 60 + 30,
      claims: { iat: now() - 19 * 60 - 1, plan: { a: 1 } },
    });
    const { code, stdout, stderr } = await inspect(token);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`An access token of the app ${APP} for the API ${AUDIENCE}.`);
    expect(stdout).toMatch(/^ {2}alg +ES384 +signature algorithm$/m);
    expect(stdout).toMatch(/^ {2}exp +\d+ +20\d\d-[\d:T-]+Z, expires in 41 minutes$/m);
    expect(stdout).toMatch(/^ {2}iat .*issued 19 minutes ago$/m);
    expect(stdout).toMatch(/^ {2}plan +\{"a":1\}$/m);
    expect(stdout).toContain(`✓ Accepted by an API with the endpoint ${logto.endpoint}, for ${AUDIENCE}.`);
  });

  it('accepts the token as an argument', async () => {
    const env = { LOGTO_ENDPOINT: logto.endpoint, LOGTO_AUDIENCE: AUDIENCE };
    const { code } = await logtoM2M(['inspect', `Authorization: Bearer ${await readingToken(logto)}`], {
      env,
    });
    expect(code).toBe(0);
  });

  it('shows neither the signature nor the whole token', async () => {
    const token = await readingToken(logto);
    for (const args of [[], ['--json']]) {
      const { stdout, stderr } = await inspect(token, args);
      const [header = '?', payload = '?', signature = '?'] = token.split('.');
      for (const part of [header, payload, signature.slice(0, 20)])
        expect(stdout + stderr).not.toContain(part);
    }
  });

  it('fetches keys, and sends the token nowhere', async () => {
    const token = await readingToken(logto);
    const keySet = JSON.stringify(await keySetOf(logto));
    const keys = await Recorder.start((_req, res) => res.end(keySet));
    await inspect(token, [], { LOGTO_ENDPOINT: keys.url });
    const theirs = await readingToken(logto, { claims: { iss: `${keys.url}/oidc` } });
    await inspect(theirs, [], { LOGTO_ENDPOINT: keys.url });
    expect(keys.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /oidc/jwks']);
    expect(keys.credentials).toEqual([undefined]);
    await keys.stop();
  });

  it.each<[what: string, token: () => Promise<string>, args: string[], reason: string, said: RegExp]>([
    [
      'another audience',
      () => readingToken(logto, { audience: 'https://inventory.api' }),
      [],
      'audience',
      /it must be exactly "https:\/\/shopping\.api"/,
    ],
    [
      'another issuer',
      () => readingToken(logto, { claims: { iss: 'https://a.example/oidc' } }),
      [],
      'issuer',
      /iss is "https:\/\/a\.example\/oidc"/,
    ],
    [
      'an expired token',
      () => readingToken(logto, { expiresIn: -7_300 }),
      [],
      'expired',
      /It expired 2 hours ago/,
    ],
    [
      'a token that is not valid yet',
      () => readingToken(logto, { claims: { nbf: now() + 600 } }),
      [],
      'not_yet_valid',
      /^ {2}nbf .*, becomes valid in (10|9) minutes$/m,
    ],
    ['an unknown key', () => foreignToken(logto), [], 'unknown_key', /the keys of/],
    [
      'a signature of another key',
      async () => foreignToken(logto, { header: { kid: await keyIdOf(logto) } }),
      [],
      'signature',
      /altered/,
    ],
    [
      'a missing permission',
      () => readingToken(logto),
      ['--scope', 'write:products'],
      'scope',
      /write:products/,
    ],
    [
      'no permission at all',
      () => logto.issueToken(),
      ['--scope', 'a'],
      'scope',
      /no scope claim: the token has no permissions/,
    ],
    [
      "a user's token",
      () => readingToken(logto, { subject: 'user-1' }),
      [],
      'machine',
      /represents the user user-1: the app test-app obtained it when that user signed in, or by token exchange\./,
    ],
    [
      'the reserved audience for organizations',
      () => readingToken(logto, { audience: 'urn:logto:resource:organizations' }),
      [],
      'audience',
      /Refused/,
    ],
    [
      'another organization',
      () => readingToken(logto, { organizationId: 'one' }),
      ['--organization', 'two'],
      'organization',
      /inside the organization one/,
    ],
    ['no organization', () => readingToken(logto), ['--organization', 'two'], 'organization', /two/],
  ])('names the check that fails first: %s', async (_what, token, args, reason, said) => {
    const { code, stdout } = await inspect(await token(), args);
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`^✗ Refused by .*\\(${reason}\\)$`, 'm'));
    expect(stdout).toMatch(said);
    const forMachines = JSON.parse((await inspect(await token(), [...args, '--json'])).stdout);
    expect(forMachines.verification).toMatchObject({ accepted: false, reason });
  });

  it('recognizes both kinds of organization tokens, and verifies each like its guard', async () => {
    const inside = await inspect(await readingToken(logto, { organizationId: 'one' }));
    expect(inside).toMatchObject({ code: 0, stdout: expect.stringContaining('inside the organization one') });
    const own = await inspect(await readingToken(logto, { audience: 'urn:logto:organization:one' }));
    expect(own).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('An organization token of one: accepted only by routes'),
    });
  });

  it('ignores LOGTO_AUDIENCE if --resource is passed', async () => {
    const env = { LOGTO_AUDIENCE: 'shop' };
    expect((await inspect(await readingToken(logto), ['--resource', AUDIENCE], env)).code).toBe(0);
    const own = await readingToken(logto, { audience: 'urn:logto:organization:one' });
    expect((await inspect(own, ['--resource='], env)).code).toBe(0);
    expect(await inspect(own, [], env)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('LOGTO_AUDIENCE'),
    });
  });

  it('verifies a token for any API without LOGTO_AUDIENCE', async () => {
    const token = await readingToken(logto, { audience: 'https://inventory.api' });
    const { code, stdout } = await inspect(token, [], { LOGTO_AUDIENCE: '' });
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('for https://inventory.api.'),
    });
  });

  it('verifies no token without an endpoint, but reports one that is expired or not valid yet', async () => {
    const good = await inspect(await readingToken(logto), [], { LOGTO_ENDPOINT: '' });
    expect(good).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Not verified: set LOGTO_ENDPOINT'),
    });
    const old = await inspect(await readingToken(logto, { expiresIn: -60 }), [], { LOGTO_ENDPOINT: '' });
    expect(old).toMatchObject({ code: 1, stdout: expect.stringMatching(/✗ It expired 6\d seconds ago/) });
    const early = await readingToken(logto, { claims: { nbf: now() + 600 } });
    const forMachines = await inspect(early, ['--json'], { LOGTO_ENDPOINT: '' });
    expect(forMachines.code).toBe(1);
    expect(JSON.parse(forMachines.stdout).untimely).toEqual({
      reason: 'not_yet_valid',
      sentence: expect.stringMatching(/^It is not valid yet: it becomes valid in (10|9) minutes\.$/),
    });
  });

  it('tolerates the same clock difference as an API', async () => {
    for (const env of [{}, { LOGTO_ENDPOINT: '' }]) {
      const { code, stdout } = await inspect(await readingToken(logto, { claims: { exp: now() } }), [], env);
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.not.stringContaining('✗') });
    }
  });

  it.each([
    ['https://shop.api#frag'],
    ['/ä'],
    ['a b'],
    ['https://ä.api'],
    [['https://shop.api#frag', 7, 'urn:logto:organization:one']],
    [{ toString: 1, valueOf: 1 }],
  ])('refuses an audience that no API can have: %j', async (aud) => {
    const token = await readingToken(logto, { claims: { aud } });
    const { code, stdout, stderr } = await inspect(token, [], { LOGTO_AUDIENCE: '' });
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/^✗ Refused by .*\((audience|claims)\)$/m);
  });

  it('does not call the token refused if the keys cannot be fetched', async () => {
    const gone = await ownLogto();
    await gone.stop();
    const { code, stdout } = await inspect(await readingToken(gone), [], { LOGTO_ENDPOINT: gone.endpoint });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ Not verified by .*\(keys_unavailable\)$/m);
    expect(stdout).not.toContain('Refused');
  });

  it.each<[what: string, token: () => string | Promise<string>, said: RegExp]>([
    [
      'an ID token',
      () =>
        readingToken(logto, {
          audience: 'app-1',
          subject: 'user-1',
          header: { typ: 'JWT' },
          claims: { client_id: undefined },
        }),
      /An ID token: it tells the app app-1 who the user user-1 is/,
    ],
    [
      'a JWT of another kind',
      () => readingToken(logto, { header: { typ: 'logout+jwt' } }),
      /not an access token: its typ is not at\+jwt/,
    ],
    ['an opaque token', () => 'VfJ3gBqYh2T1mGzWkXcLrD8sNp0AoEuI5tQ7yZ4wHbM', /It is an opaque token/],
    [
      'an incomplete token',
      async () => (await readingToken(logto)).split('.').slice(0, 2).join('.'),
      /is incomplete/,
    ],
    ['an encrypted token', async () => `${await readingToken(logto)}.a.b`, /encrypted/],
    ['a text that is not a token', () => 'hello world', /not a token of Logto/],
    ['a text that is too long', () => 'a'.repeat(20_000), /longer than 16 KiB/],
  ])('recognizes %s', async (_what, token, said) => {
    const { code, stdout } = await inspect(await token());
    expect(code).toBe(1);
    expect(stdout).toMatch(said);
    const forMachines = await inspect(await token(), ['--json']);
    expect(JSON.parse(forMachines.stdout).sentence).toMatch(said);
  });

  it('escapes control characters in claims', async () => {
    const evil = '\u001b[2J\u009b31m\u202e\nSigned by Logto';
    const token = await logto.issueToken({
      claims: { scope: evil, [evil]: evil, deep: [[evil]], client_id: evil, sub: evil },
    });
    const { stdout } = await inspect(token);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(stdout).not.toMatch(/^\s*Signed by Logto/m);
    expect(stdout).toContain('Signed by Logto');
  });

  it('handles claims of any type, and claims that are not valid JSON', async () => {
    const claims = {
      exp: 1e300,
      iat: -1e12,
      nbf: 'soon',
      aud: [[1], null],
      organization_id: null,
      sub: { a: 1 },
      toString: 1,
    };
    expect((await inspect(await readingToken(logto, { claims }))).code).toBe(1);
    const odd = { toString: 1, valueOf: null };
    const theirs = encodePart({ aud: [odd], sub: odd, client_id: odd, iss: odd });
    for (const typ of ['at+jwt', 'JWT', odd]) {
      const strange = `${encodePart({ alg: odd, typ })}.${theirs}.c2ln`;
      expect(await inspect(strange)).toMatchObject({ code: 1, stderr: '' });
    }
    const [header] = (await readingToken(logto)).split('.');
    for (const text of [`{"deep":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, '[]', '"text"', '{"exp":']) {
      const { code, stdout } = await inspect(`${header}.${encodePart(text)}.c2ln`);
      expect({ code, stdout }).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('not valid JSON'),
      });
    }
    const shallow = await readingToken(logto, { claims: { brackets: `${'['.repeat(5_000)}"\\` } });
    expect((await inspect(shallow)).code).toBe(0);
  });

  it.each<[what: string, args: string[], stdin: string, said: RegExp]>([
    ['two tokens', ['a', 'b'], '', /pass one token/],
    ['no token', [], '\n', /there is no token/],
    ['an input above 64 KiB', [], 'y\n'.repeat(40_000), /more than 64 KiB/],
    ['an invalid scope', ['--scope', 'a"b'], 'a', /the scope/],
  ])('exits with 2 for %s', async (_what, args, stdin, said) => {
    const { code, stdout, stderr } = await logtoM2M(['inspect', ...args], { stdin });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(said);
  });
});
