import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Recorder, TokenIssuer } from '../support/client.js';
import { later } from '../support/result.js';
import { NO_APP, runDoctor, type Tail } from './doctor.js';

let logto: TokenIssuer;

beforeAll(async () => {
  logto = await TokenIssuer.start();
});
afterAll(() => logto.stop());

const doctor = (...args: Tail<Parameters<typeof runDoctor>>) => runDoctor(logto, ...args);

describe('logto-m2m doctor recognizes the admin tenant of Logto', () => {
  /** Responds like the admin tenant, the only one with this route. */
  async function startAdmin(user: unknown): Promise<Recorder> {
    const jwks = await (await fetch(`${logto.endpoint}/oidc/jwks`)).text();
    const admin: Recorder = await Recorder.start((req, res) => {
      if (req.url === '/oidc/jwks') return void res.end(jwks);
      if (req.url?.startsWith('/oidc/')) return void res.end(JSON.stringify({ issuer: `${admin.url}/oidc` }));
      if (req.url === '/api/.well-known/endpoints/default') return void res.end(JSON.stringify({ user }));
      res.writeHead(404).end();
    });
    return admin;
  }

  it.each<[user: unknown, fix: RegExp]>([
    [
      'http://localhost:3001/',
      / → Set LOGTO_ENDPOINT=http:\/\/localhost:3001, the address of your tenant\.$/,
    ],
    ['none', / → Set LOGTO_ENDPOINT to the address of your tenant\.$/],
  ])('by the address of a tenant in its response: %j', async (user, fix) => {
    const admin = await startAdmin(user);
    const { code, problems } = await doctor([], { ...NO_APP, LOGTO_ENDPOINT: admin.url });
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(/^✗ endpoint .* is the admin tenant of Logto, which serves/),
    ]);
    expect(problems[0]).toMatch(fix);
    await admin.stop();
  });

  it('only if that address is a string', async () => {
    const other = await startAdmin({ not: 'a string' });
    expect(await doctor([], { ...NO_APP, LOGTO_ENDPOINT: other.url })).toMatchObject({
      code: 0,
      problems: [],
    });
    await other.stop();
  });
});

describe('logto-m2m doctor retries while Logto fails', () => {
  async function startFailing(failures: number, status = 500): Promise<Recorder> {
    let left = failures;
    const jwks = await (await fetch(`${logto.endpoint}/oidc/jwks`)).text();
    const front: Recorder = await Recorder.start((req, res) => {
      left -= 1;
      if (left >= 0) return void res.writeHead(status, { 'content-type': 'application/json' }).end('{}');
      if (req.url === '/oidc/jwks') return void res.end(jwks);
      if (req.url?.startsWith('/oidc/')) return void res.end(JSON.stringify({ issuer: `${front.url}/oidc` }));
      res.writeHead(404).end();
    });
    return front;
  }

  it('and reports no problem once Logto responds', async () => {
    const front = await startFailing(2);
    const { code, problems } = await doctor([], { ...NO_APP, LOGTO_ENDPOINT: front.url });
    expect({ code, problems }).toEqual({ code: 0, problems: [] });
    await front.stop();
  });

  it('and reports a rate limit if Logto keeps responding with 429', async () => {
    const front = await startFailing(1_000, 429);
    const { code, problems } = await doctor([], { LOGTO_ENDPOINT: front.url });
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(/status 429 .* limits the rate of requests\. → Wait, and run this again\./),
    ]);
    await front.stop();
  });

  it('with growing pauses, for ten seconds at most', async () => {
    const front = await startFailing(1_000);
    const pauses: number[] = [];
    const pause = async (duration: number) => {
      pauses.push(duration);
      later(duration / 1000);
    };
    await doctor([], { LOGTO_ENDPOINT: front.url }, { pause });
    expect(front.requests).toHaveLength(pauses.length + 1);
    expect(pauses.length).toBeGreaterThan(2);
    for (const [index, duration] of pauses.entries()) {
      expect(duration).toBeGreaterThanOrEqual(400 * 2 ** index);
      expect(duration).toBeLessThanOrEqual(800 * 2 ** index);
    }
    expect(pauses.reduce((sum, duration) => sum + duration)).toBeLessThanOrEqual(10_000);
    await front.stop();
  });

  it('and suggests checking the database if Logto keeps failing', async () => {
    const front = await startFailing(1_000);
    const { code, problems } = await doctor([], { LOGTO_ENDPOINT: front.url });
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(/status 500 \S+, also to retries: .* → .*Does Logto reach its database\?$/),
    ]);
    expect(front.requests.length).toBeGreaterThan(3);
    await front.stop();
  });
});
