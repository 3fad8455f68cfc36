import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Io } from '../../src/cli/io.js';
import { runBuilt } from '../support/built-command.js';
import { encodePart } from '../support/signing.js';
import { logtoM2M } from './command.js';

const unsigned = (claims: object) =>
  `${encodePart({ alg: 'ES384', typ: 'at+jwt' })}.${encodePart(claims)}.c2ln`;

describe('logto-m2m --json', () => {
  it('escapes unprintable characters, and prints valid JSON', async () => {
    const sub = 'a\u009b31m\u007f\u202egpj.exe\u2066\u200f"\\';
    const { stdout } = await logtoM2M(['inspect', '--json', unsigned({ sub })]);
    expect(stdout).not.toMatch(/[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
    expect(JSON.parse(stdout).claims.sub).toBe(sub);
  });

  it.each<[what: string, args: string[], env: Record<string, string>, said: RegExp]>([
    ['an unknown option', ['doctor', '--nonsense'], {}, /unknown option/],
    ['no endpoint', ['doctor'], {}, /the endpoint of Logto is missing/],
    [
      'an app without a secret',
      ['doctor'],
      { LOGTO_ENDPOINT: 'https://a.example', LOGTO_APP_ID: 'a' },
      /SECRET is not/,
    ],
    ['no token', ['inspect'], {}, /there is no token/],
    ['an unknown command', ['docter'], {}, /no such command/],
  ])('reports wrong usage: %s', async (_what, args, env, said) => {
    const { code, stdout, stderr } = await logtoM2M([...args, '--json'], { env });
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'usage', message: expect.stringMatching(said) } });
  });
});

describe('logto-m2m, after an internal error,', () => {
  const token = unsigned({});
  const stdin = {
    get isTTY(): boolean {
      throw new RangeError(`a\n\u001b[2J of ${token} by hush-hush`);
    },
  } as unknown as Io['stdin'];
  const options = { stdin, env: { LOGTO_APP_SECRET: 'hush-hush' } };

  it('prints one line without secrets, and exits with 70', async () => {
    const { code, stdout, stderr } = await logtoM2M(['inspect'], options);
    expect({ code, stdout }).toEqual({ code: 70, stdout: '' });
    expect(stderr).toMatch(/^logto-m2m: the command itself has failed.*: RangeError: a[^\n]*\n$/);
    for (const secret of ['\u001b', 'eyJ', 'hush-hush']) expect(stderr).not.toContain(secret);
  });

  it('prints the error as JSON with --json', async () => {
    const { code, stdout, stderr } = await logtoM2M(['inspect', '--json'], options);
    expect({ code, stderr }).toEqual({ code: 70, stderr: '' });
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'internal' });
    expect(stdout).not.toContain('hush-hush');
  });
});

describe('logto-m2m exits', () => {
  it('right after its output, although a server never finishes the TLS handshake', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
    const { port } = silent.address() as { port: number };
    const began = performance.now();
    const env = { LOGTO_ENDPOINT: `https://127.0.0.1:${port}` };
    const { code, stdout } = await runBuilt(['doctor'], { env });
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining('did not respond') });
    // The command waits for 5 s, and the connection alone would wait for 10 s.
    expect(performance.now() - began).toBeLessThan(9_000);
    silent.close();
  });
});
