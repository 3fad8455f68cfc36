import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Recorder, TokenIssuer } from '../support/client.js';
import { NO_APP, runDoctor, startFront, type Tail } from './doctor.js';

let logto: TokenIssuer;

beforeAll(async () => {
  logto = await TokenIssuer.start();
});
afterAll(() => logto.stop());

const doctor = (...args: Tail<Parameters<typeof runDoctor>>) => runDoctor(logto, ...args);

describe('logto-m2m doctor, comparing the clocks,', () => {
  it.each([8, -8])('reports a clock that is %d seconds off', async (clockAhead) => {
    const { code, problems } = await doctor([], NO_APP, { clockAhead });
    expect({ code, problems }).toEqual({
      code: 1,
      problems: [expect.stringMatching(/^✗ clock .*[789] sec/)],
    });
  });

  it.each([3, -3])('accepts a clock that is %d seconds off, as an API does', async (clockAhead) => {
    const { code, stdout } = await doctor([], NO_APP, { clockAhead });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^✓ clock /m) });
  });

  it('adds the Age header of a cached response to its date', async () => {
    const kept = { date: new Date(Date.now() - 100_000).toUTCString(), age: '100' };
    const front = await startFront(logto, undefined, kept);
    const { code, stdout } = await doctor([], { ...NO_APP, LOGTO_ENDPOINT: front.url });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^✓ clock /m) });
    await front.stop();
  });

  it('says so if the response has no valid date', async () => {
    const front = await startFront(logto, undefined, { date: 'noon' });
    const { code, stdout } = await doctor([], { ...NO_APP, LOGTO_ENDPOINT: front.url });
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^- clock +Not compared/m) });
    await front.stop();
  });
});

describe('logto-m2m doctor, with several endpoints,', () => {
  it('names the endpoint of each check, and checks each endpoint once', async () => {
    const front = await startFront(logto);
    const endpoint = `${logto.endpoint},${front.url},${logto.endpoint}/`;
    const { code, stdout } = await doctor([], { ...NO_APP, LOGTO_ENDPOINT: endpoint });
    expect(code).toBe(0);
    for (const url of [logto.endpoint, front.url]) {
      for (const check of ['endpoint', 'issuer', 'keys', 'clock']) {
        expect(stdout.match(new RegExp(`^✓ ${check} +${url}.*$`, 'gm'))).toHaveLength(1);
      }
    }
    await front.stop();
  });

  it('reports a problem of the second one, and still requests a token from the first one', async () => {
    const page = await Recorder.start((_req, res) => void res.writeHead(404).end());
    const { code, problems, stdout } = await doctor([], { LOGTO_ENDPOINT: `${logto.endpoint},${page.url}` });
    expect({ code, problems }).toEqual({
      code: 1,
      problems: [expect.stringMatching(new RegExp(`^✗ endpoint +The server at ${page.url} is not Logto`))],
    });
    expect(stdout).toMatch(/^✓ token /m);
    await page.stop();
  });
});

describe('logto-m2m doctor, showing an issuer,', () => {
  it('escapes its control characters', async () => {
    const evil = 'https://a.example/\u001b[2J\u009b31m\u202e\n✓ issuer        fine\n/oidc';
    const front = await startFront(logto, () => ({ issuer: evil }));
    const env = { ...NO_APP, LOGTO_ENDPOINT: front.url };
    const { code, stdout } = await doctor([], env);
    expect(code).toBe(1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(stdout).not.toMatch(/^✓ issuer/m);
    const forMachines = await doctor(['--json'], env);
    expect(forMachines.stdout).not.toMatch(/[\u007f-\u009f\u202e]/);
    expect(JSON.parse(forMachines.stdout).ok).toBe(false);
    await front.stop();
  });

  it.each([
    ['a long word', `https://${'a'.repeat(200_000)}.example/oidc`],
    ['many words', 'https://a.example '.repeat(10_000)],
  ])('shortens it: %s', async (_what, issuer) => {
    const front = await startFront(logto, () => ({ issuer }));
    const { code, problems, stdout } = await doctor([], { ...NO_APP, LOGTO_ENDPOINT: front.url });
    expect(code).toBe(1);
    expect(stdout.length).toBeLessThan(6_000);
    expect(problems).toEqual([expect.stringMatching(/^✗ issuer .*…/)]);
    await front.stop();
  });
});
