import type { RequestHandler } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API, Recorder, TokenIssuer } from '../support/client.js';
import { guardOf, NO_APP, runDoctor, startApi, type Tail } from './doctor.js';

let logto: TokenIssuer;

beforeAll(async () => {
  logto = await TokenIssuer.start();
});
afterAll(() => logto.stop());

const doctor = (...args: Tail<Parameters<typeof runDoctor>>) => runDoctor(logto, ...args);
const guard = (...args: Tail<Parameters<typeof guardOf>>) => guardOf(logto, ...args);

describe('logto-m2m doctor --api', () => {
  const noGuard: RequestHandler = (_req, _res, next) => next();
  const answering =
    (status: number, headers: Record<string, string> = {}): RequestHandler =>
    (_req, res) =>
      void res.writeHead(status, headers).end();
  const afterAuthorization =
    (handler: RequestHandler): RequestHandler =>
    (req, res, next) =>
      req.headers.authorization === undefined ? guard()(req, res, next) : handler(req, res, next);

  it.each<[what: string, guards: () => RequestHandler[], said: RegExp[]]>([
    [
      'an open route',
      () => [noGuard],
      [/^✗ api-closed .*returns 200 without a token: the route is open.* → Mount the guard/],
    ],
    [
      'a permission that was not requested',
      () => [guard(API, 'write:products')],
      [/not granted: write:products/, /returns 403 .* → The route needs write:products/],
    ],
    [
      'another issuer',
      () => [guard(API, 'read:products', 'https://auth.example')],
      [/returns 401 .* → .*set LOGTO_ENDPOINT=http:\/\/127/],
    ],
    [
      'a header that a proxy removes',
      () => [
        (req, _res, next) => {
          delete req.headers.authorization;
          next();
        },
        guard(),
      ],
      [/returns 401 with the token.* → The API did not receive the token/],
    ],
    [
      'an API without keys',
      () => [afterAuthorization(answering(503, { 'retry-after': '3' }))],
      [/returns 503 with the token, and requests a later retry.* → .*Logto's keys/],
    ],
    [
      'an API that fails',
      () => [afterAuthorization(answering(500))],
      [/returns 500 with the token: the API itself fails/],
    ],
    [
      'a guard of another package',
      () => [afterAuthorization(answering(401, { 'www-authenticate': 'Bearer error="invalid_token"' }))],
      [/401 with the token: invalid_token → The token has the issuer http/],
    ],
    [
      'a proxy that refuses the request',
      () => [answering(401, { 'www-authenticate': 'Basic realm="x"' })],
      [/does not request a bearer token/, /without a reason.* → .*proxy/],
    ],
    [
      'a redirect',
      () => [answering(302, { location: 'https://a.example' })],
      [
        /302 without a token, a redirect to https:\/\/a\.example, which/,
        /302 with the token, a redirect to https/,
      ],
    ],
  ])('explains %s', async (_what, guards, said) => {
    const api = await startApi(...guards());
    const { code, problems } = await doctor(['--api', `${api.url}/products?key=private`]);
    expect(code).toBe(1);
    expect(problems).toEqual(said.map((one) => expect.stringMatching(one)));
    expect(problems.join()).not.toContain('private');
    await api.stop();
  });

  it.each<[what: string, answer: RequestHandler, said: RegExp]>([
    ['a rate limit', answering(429), /returns 429 with the token: too many requests\. → A rate limit/],
    [
      'a limit on the size of headers',
      answering(431),
      /returns 431 with the token: .*too large.* → .*below the size/,
    ],
    ["a proxy's login", answering(407), /a proxy .*requires a login \(407\)/],
    [
      'a redirect to the same origin',
      answering(302, { location: '/products/?a=private' }),
      /302 with the token, a redirect to \/products\/ on the same server, which/,
    ],
    [
      'a redirect to a URL that is not HTTP',
      answering(302, { location: 'javascript:alert(1)' }),
      /302 with the token, a redirect, which/,
    ],
    [
      'a 400 response of another guard',
      answering(400, { 'www-authenticate': 'Bearer error="invalid_request"' }),
      /400 with the token: invalid_request → The header was altered/,
    ],
    [
      'a refusal with an unusual status',
      answering(404, { 'www-authenticate': 'Bearer error="invalid_token"' }),
      /404 with the token: invalid_token → The token has the issuer http/,
    ],
  ])('explains %s behind the guard', async (_what, answer, said) => {
    const api = await startApi(afterAuthorization(answer));
    const { code, problems } = await doctor(['--api', `${api.url}/products`]);
    expect({ code, problems }).toEqual({ code: 1, problems: [expect.stringMatching(said)] });
    expect(problems.join()).not.toContain('private');
    await api.stop();
  });

  it("does not mistake a handler's own 400 response for a refusal by a guard", async () => {
    const api = await startApi(afterAuthorization(answering(400)));
    const { code, stdout } = await doctor(['--api', `${api.url}/products`]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ api +\S+ returns 400 with the token: no guard refused it\.$/m);
    await api.stop();
  });

  it('masks an echoed token, and shortens a long description', async () => {
    const echo: RequestHandler = (req, res) => {
      const said = `${req.headers.authorization} is not for me. ${'What a pity! '.repeat(500)}`;
      res.writeHead(401, { 'www-authenticate': `Bearer error="invalid_token", error_description="${said}"` });
      res.end();
    };
    const api = await startApi(afterAuthorization(echo));
    for (const args of [[], ['--json']]) {
      const { code, stdout } = await doctor(['--api', `${api.url}/products`, ...args]);
      expect(code).toBe(1);
      // Each run checks that the output contains no token.
      expect(stdout).toMatch(/with the token: Bearer \[a (token|secret)\] is not for me\. What a pity! .*…/);
      expect(stdout.match(/pity/g)?.length).toBeLessThan(20);
    }
    await api.stop();
  });

  it('masks a token that the API names as a permission', async () => {
    const api = await startApi(
      afterAuthorization((req, res) => {
        const scope = req.headers.authorization?.slice('Bearer '.length);
        res
          .writeHead(403, { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` })
          .end();
      }),
    );
    const { problems } = await doctor(['--api', `${api.url}/products`]);
    expect(problems).toEqual([expect.stringMatching(/403 with the token: .* → The route needs \[a token\]/)]);
    await api.stop();
  });

  it('requests only the valid permissions of a challenge', async () => {
    const challenge = 'Bearer scope="a\\"b \u00e9 \u009b2J read:products"';
    const api = await startApi((req, res, next) => {
      if (req.headers.authorization !== undefined) return next();
      res.writeHead(401, { 'www-authenticate': challenge }).end();
    });
    const { code, stdout, stderr } = await doctor(['--api', `${api.url}/products`]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^✓ api-closed .* names read:products\.$/m);
    await api.stop();
  });

  it('explains a path that does not exist, and an API that is not running', async () => {
    const api = await startApi(guard());
    const wrongPath = await doctor(['--api', `${api.url}/product`]);
    expect(wrongPath.problems).toEqual([
      expect.stringMatching(/returns 404 without a token.* → Nothing responds to GET/),
    ]);
    expect(wrongPath.stdout).toMatch(
      /^- api +\S+ returns 404 with the token, but no guard responds without a token/m,
    );
    await api.stop();
    const gone = await doctor(['--api', `${api.url}/products`]);
    expect(gone.problems).toEqual([expect.stringMatching(/^✗ api-closed .*nothing listens/)]);
    expect(gone.stdout).toMatch(/^- api +Not called with the token: the API does not respond\.$/m);
  });

  it('says that it did not call the API if there is no token', async () => {
    const api = await startApi(guard());
    const address = ['--api', `${api.url}/products`];
    const said = /^- api +Not called with a token: there is no token\.$/m;
    expect((await doctor(address, { LOGTO_AUDIENCE: 'https://nosuch.api' })).stdout).toMatch(said);
    expect((await doctor(address, NO_APP)).stdout).toMatch(said);
    await api.stop();
  });

  it('sends the token only to that API: it follows no redirect, and uses no http to another host', async () => {
    const thief = await Recorder.start((_req, res) => void res.end());
    const api = await startApi(afterAuthorization(answering(307, { location: thief.url })));
    await doctor(['--api', `${api.url}/products`]);
    expect(api.credentials).toEqual([undefined, expect.stringMatching(/^Bearer eyJ/)]);
    expect(thief.requests).toEqual([]);
    await Promise.all([api.stop(), thief.stop()]);
    const far = await doctor(['--api', 'http://shop.example/products']);
    expect(far).toMatchObject({ code: 2, stderr: expect.stringContaining('--allow-insecure-requests') });
    expect(far.stderr).toContain('an attacker on the network could read the token');
  });
});
