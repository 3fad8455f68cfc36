import type { RequestHandler } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API, Recorder, TokenIssuer } from '../support/client.js';
import { guardOf, runDoctor, startApi, type Tail } from './doctor.js';

let logto: TokenIssuer;

beforeAll(async () => {
  logto = await TokenIssuer.start();
});
afterAll(() => logto.stop());

const doctor = (...args: Tail<Parameters<typeof runDoctor>>) => runDoctor(logto, ...args);
const guard = (...args: Tail<Parameters<typeof guardOf>>) => guardOf(logto, ...args);

describe('logto-m2m doctor --api explains', () => {
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
      [/^✗ api-closed .*answers 200 without a token: the route is open.* → Mount the guard/],
    ],
    [
      'a permission that was not asked for',
      () => [guard(API, 'write:products')],
      [/not granted: write:products/, /answers 403 .* → The route needs write:products/],
    ],
    [
      'another issuer',
      () => [guard(API, 'read:products', 'https://auth.example')],
      [/answers 401 .* → .*LOGTO_ENDPOINT to http:\/\/127/],
    ],
    [
      'a header that a proxy takes away',
      () => [
        (req, _res, next) => {
          delete req.headers.authorization;
          next();
        },
        guard(),
      ],
      [/answers 401 with the token.* → The token got lost on the way/],
    ],
    [
      'an API without keys',
      () => [afterAuthorization(answering(503, { 'retry-after': '3' }))],
      [/answers 503 with the token, and wants to be asked later.* → .*Logto's keys/],
    ],
    [
      'an API that fails',
      () => [afterAuthorization(answering(500))],
      [/answers 500 with the token: it fails/],
    ],
    [
      'a guard that is not of this package',
      () => [afterAuthorization(answering(401, { 'www-authenticate': 'Bearer error="invalid_token"' }))],
      [/401 with the token: invalid_token → The token is of http/],
    ],
    [
      'somebody else in between',
      () => [answering(401, { 'www-authenticate': 'Basic realm="x"' })],
      [/asks for no bearer token/, /says no more.* → .*proxy/],
    ],
    [
      'a redirect',
      () => [answering(302, { location: 'https://a.example' })],
      [/302 without a token, a redirect/, /302 with the token, a redirect/],
    ],
  ])('%s', async (_what, guards, said) => {
    const api = await startApi(...guards());
    const { code, problems } = await doctor(['--api', `${api.url}/products?key=private`]);
    expect(code).toBe(1);
    expect(problems).toEqual(said.map((one) => expect.stringMatching(one)));
    expect(problems.join()).not.toContain('private');
    await api.stop();
  });

  it('a path that is not there, and an API that is not', async () => {
    const api = await startApi(guard());
    const wrongPath = await doctor(['--api', `${api.url}/product`]);
    expect(wrongPath.problems).toEqual([
      expect.stringMatching(/answers 404 without a token.* → There is nothing to GET/),
    ]);
    await api.stop();
    const gone = await doctor(['--api', `${api.url}/products`]);
    expect(gone.problems).toEqual([expect.stringMatching(/^✗ api-closed .*nothing listens/)]);
  });

  it('and sends the token to that API alone, by no redirect and not by http to elsewhere', async () => {
    const thief = await Recorder.start((_req, res) => void res.end());
    const api = await startApi(afterAuthorization(answering(307, { location: thief.url })));
    await doctor(['--api', `${api.url}/products`]);
    expect(api.credentials).toEqual([undefined, expect.stringMatching(/^Bearer eyJ/)]);
    expect(thief.requests).toEqual([]);
    await Promise.all([api.stop(), thief.stop()]);
    const far = await doctor(['--api', 'http://shop.example/products']);
    expect(far).toMatchObject({ code: 2, stderr: expect.stringContaining('--allow-insecure-requests') });
  });
});
