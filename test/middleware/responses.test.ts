import express, { type Express } from 'express';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { toAuthError } from '../../src/challenge.js';
import { AuthError, createLogtoAuth, getAuth, type LogtoAuth } from '../../src/index.js';
import { Refusal, type RefusalDetails } from '../../src/refusal.js';
import type { TestTokenOptions } from '../../src/testing/index.js';
import { eventually } from '../support/eventually.js';
import { APP, AUDIENCE, foreignToken, keyIdOf, now, readingToken, sharedLogto } from '../support/logto.js';
import { get, refusal, sendRaw } from '../support/request.js';
import { encodePart } from '../support/signing.js';
import { sharedIssuer } from '../support/test-issuer.js';

const descriptions = {
  no_token: 'This API needs an access token, sent as a bearer token in the Authorization header.',
  malformed: 'The Authorization header must be sent once, with the Bearer scheme and one access token.',
  not_jwt: 'The access token is not a well-formed JWT.',
  algorithm: 'The access token is signed with an algorithm that is not accepted here.',
  type: 'The token is not an access token: its type must be at+jwt.',
  issuer: 'The access token comes from an issuer that is not accepted here.',
  audience: 'The access token was issued for another API.',
  expired: 'The access token has expired.',
  not_yet_valid: 'The access token is not valid yet.',
  claims: 'A claim of the access token is missing or has the wrong form.',
  unknown_key: 'The access token is signed with a key that is not known here.',
  signature: 'The signature of the access token is not valid.',
  revoked: 'The access token has been revoked.',
  sender_constrained: 'The access token is bound to a key of its owner and cannot be used as a bearer token.',
  machine: 'This API serves machine-to-machine apps, not users.',
  organization: 'The access token is not valid for the organization of this request.',
  scope: 'The access token lacks a permission that this request needs.',
  keys_unavailable: 'The access token cannot be checked at the moment. Try again later.',
  overloaded: 'Too many access tokens are being checked at the moment. Try again later.',
  revocation_unavailable:
    'The API cannot check at the moment whether the access token has been revoked. Try again later.',
};

const logto = await sharedLogto();
/** A second trusted issuer, for responses that Logto does not send. */
const issuer = await sharedIssuer();

describe('a guard', () => {
  let auth: LogtoAuth;
  let app: Express;
  const handler = vi.fn();

  beforeEach(() => {
    auth = createLogtoAuth({ endpoint: [logto.endpoint, issuer.endpoint], audience: AUDIENCE });
    app = express();
    app.get('/products', auth.requireScopes('read:products'), (req, res) => {
      handler();
      res.json({ app: getAuth(req).clientId });
    });
    app.get('/any', auth.requireAnyScope('read:products', 'write:products'), (_req, res) => res.json({}));
    app.get('/open-to-all', auth.authenticate(), (_req, res) => res.json({}));
  });
  afterEach(() => {
    handler.mockClear();
    issuer.answer = undefined;
  });

  const unauthorized = (reason: keyof typeof descriptions) => ({
    status: 401,
    challenge: `Bearer realm="api", error="invalid_token", error_description="${descriptions[reason]}"`,
    body: { error: 'invalid_token', error_description: descriptions[reason] },
  });
  const forbidden = (reason: keyof typeof descriptions, scope: string) => ({
    status: 403,
    challenge: `Bearer realm="api", scope="${scope}", error="insufficient_scope", error_description="${descriptions[reason]}"`,
    body: { error: 'insufficient_scope', error_description: descriptions[reason], scope },
  });

  it('calls the handler if the token is valid and has the permission', async () => {
    const response = await get(app, '/products', await readingToken(logto));
    expect(response.status).toBe(200);
    expect(response.body).toEqual({ app: APP });
    expect(response.headers['www-authenticate']).toBeUndefined();
  });

  it.each([
    ['no Authorization header', undefined],
    ['HTTP Basic', 'Basic YTpi'],
    ['a scheme that only begins like Bearer', 'BearerX abc'],
    ['an empty header', ''],
  ])('responds with 401 and no error code to %s', async (_what, header) => {
    const sent = request(app).get('/products');
    const response = await (header === undefined ? sent : sent.set('Authorization', header));
    expect(refusal(response)).toEqual({
      status: 401,
      challenge: 'Bearer realm="api", scope="read:products"',
      body: { error: 'unauthorized', error_description: descriptions.no_token },
    });
  });

  it('names no scope in the challenge if the route requires none', async () => {
    const response = await get(app, '/open-to-all');
    expect(response.headers['www-authenticate']).toBe('Bearer realm="api"');
  });

  it('names all scopes in the challenge if any one of them is enough', async () => {
    const without = await get(app, '/any');
    expect(without.headers['www-authenticate']).toBe(
      'Bearer realm="api", scope="read:products write:products"',
    );
    const insufficient = await get(app, '/any', await logto.issueToken({ scopes: 'read:orders' }));
    expect(refusal(insufficient)).toEqual(forbidden('scope', 'read:products write:products'));
  });

  it.each([
    ['Bearer alone', 'Bearer'],
    ['two tokens', 'Bearer abc def'],
    ['two tokens with a comma', 'Bearer abc, Bearer def'],
    ['Bearer twice', 'Bearer Bearer abc'],
    ['characters outside the b64token set', 'Bearer ab"c'],
    ['padding in the middle', 'Bearer a=b'],
    ['a tab instead of the space', 'Bearer\tabc'],
    ['a no-break space', 'Bearer \u00a0abc'],
  ])('responds with 400 to %s', async (_what, header) => {
    const { status, text } = await sendRaw(app, ['GET /products HTTP/1.1', `Authorization: ${header}`]);
    const challenge = `Bearer realm="api", error="invalid_request", error_description="${descriptions.malformed}"`;
    expect(status).toBe(400);
    expect(text).toContain(`\r\nWWW-Authenticate: ${challenge}\r\n`);
    const body = { error: 'invalid_request', error_description: descriptions.malformed };
    expect(text.split('\r\n\r\n')[1]).toBe(JSON.stringify(body));
  });

  it('does not mistake other headers of the same length for Authorization', async () => {
    const token = await readingToken(logto);
    const sent = request(app).get('/products').set('Authorization', `Bearer ${token}`);
    const { status } = await sent.set('If-None-Match', '"a"').set('Accept-Ranges', 'none');
    expect(status).toBe(200);
  });

  it('responds with 400 to Bearer and spaces, which only other middleware can set', async () => {
    const hints: (string | undefined)[] = [];
    const told = createLogtoAuth({
      endpoint: logto.endpoint,
      audience: AUDIENCE,
      onError: ({ status, hint }, _req, res) => {
        hints.push(hint);
        res.sendStatus(status);
      },
    });
    const spaced = express().use((req, _res, next) => {
      req.headers.authorization = 'Bearer   ';
      next();
    }, told.authenticate());
    expect((await request(spaced).get('/')).status).toBe(400);
    expect(hints).toEqual(['The Authorization header has no token after Bearer and a space.']);
  });

  it('responds with 400 to two Authorization headers, although req.headers has only the first', async () => {
    const lines = [
      'GET /products HTTP/1.1',
      `Authorization: Bearer ${await readingToken(logto)}`,
      'authorization: Basic YTpi',
    ];
    const { status, text } = await sendRaw(app, lines);
    expect(status).toBe(400);
    expect(text).toContain('error="invalid_request"');
    expect(handler).not.toHaveBeenCalled();
  });

  const ANOTHER_SCHEME =
    'The scheme of the Authorization header is not Bearer: send "Authorization: Bearer <token>".';
  it.each([
    ['no header', [], 'The request has no Authorization header.'],
    ['another scheme', ['Basic YTpi'], ANOTHER_SCHEME],
    ['another scheme before the word Bearer', ['Basic Bearer'], ANOTHER_SCHEME],
    ['a longer scheme', ['Bearers abc'], ANOTHER_SCHEME],
    ['no token', ['Bearer'], 'The Authorization header has no token after Bearer and a space.'],
    ['spaces alone', ['Bearer   '], 'The Authorization header has no token after Bearer and a space.'],
    ['a tab', ['Bearer\tabc'], 'The Authorization header has no token after Bearer and a space.'],
    [
      'two tokens',
      ['Bearer abc def'],
      'After Bearer, the Authorization header has more than one token, or a character that no token has.',
    ],
    ['two headers', ['Bearer abc', 'Bearer def'], 'The request has several Authorization headers.'],
  ])('describes the fault in error.hint and not in the response: %s', async (_what, headers, hint) => {
    const hints: (string | undefined)[] = [];
    const told = createLogtoAuth({
      endpoint: logto.endpoint,
      audience: AUDIENCE,
      onError: (error, _req, _res, next) => {
        hints.push(error.hint);
        next(error);
      },
    });
    const failing = express().set('env', 'test').get('/', told.authenticate());
    const lines = headers.map((header) => `Authorization: ${header}`);
    const { text } = await sendRaw(failing, ['GET / HTTP/1.1', ...lines]);
    expect(hints).toEqual([hint]);
    expect(text).not.toContain(hint);
  });

  it.each(['bearer', 'BEARER', 'Bearer  ', 'bEARER   '])(
    'accepts the scheme written as %j',
    async (scheme) => {
      const token = await readingToken(logto);
      const response = await request(app).get('/products').set('Authorization', `${scheme} ${token}`);
      expect(response.status).toBe(200);
    },
  );

  it.each(['?access_token=', '?token=', '?authorization=Bearer%20'])(
    'ignores a token in the query: %s',
    async (query) => {
      const response = await get(app, `/products${query}${await readingToken(logto)}`);
      expect(response.status).toBe(401);
      expect(response.body.error).toBe('unauthorized');
    },
  );

  describe.each<[reason: keyof typeof descriptions, what: string, token: () => string | Promise<string>]>([
    ['not_jwt', 'an opaque token', () => 'YWJjZGVmZ2hpamtsbW5vcA'],
    ['not_jwt', 'a JWE', async () => `${await readingToken(logto)}.AAAA.AAAA`],
    ['algorithm', 'alg none', () => issuer.token({ header: { alg: 'none' } })],
    ['algorithm', 'a symmetric alg', () => issuer.token({ header: { alg: 'HS256' } })],
    ['type', 'an ID token', () => readingToken(logto, { header: { typ: 'JWT' } })],
    ['unknown_key', 'no kid', () => readingToken(logto, { header: { kid: undefined } })],
    ['issuer', 'another issuer', () => readingToken(logto, { claims: { iss: 'https://evil.example/oidc' } })],
    ['audience', 'another API', () => readingToken(logto, { audience: 'https://inventory.api' })],
    ['expired', 'an expired token', () => readingToken(logto, { expiresIn: -60 })],
    [
      'not_yet_valid',
      'a token that is not valid yet',
      () => readingToken(logto, { claims: { nbf: now() + 86_400 } }),
    ],
    ['claims', 'no client_id', () => readingToken(logto, { claims: { client_id: undefined } })],
    ['claims', 'exp as a string', () => readingToken(logto, { claims: { exp: String(now() + 60) } })],
    ['unknown_key', 'a key that Logto does not publish', () => foreignToken(logto)],
    [
      'signature',
      "another key under Logto's kid",
      async () => foreignToken(logto, { header: { kid: await keyIdOf(logto) } }),
    ],
    [
      'sender_constrained',
      'a token bound to a key',
      () => readingToken(logto, { claims: { cnf: { jkt: 'x' } } }),
    ],
  ])('given an invalid token (%s)', (reason, what, token) => {
    it(`responds with an uncacheable 401 to ${what} and does not run the handler`, async () => {
      const response = await get(app, '/products', await token());
      expect(refusal(response)).toEqual(unauthorized(reason));
      expect(response.headers['cache-control']).toBe('no-store');
      expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(handler).not.toHaveBeenCalled();
    });
  });

  it('responds with 401 to an altered payload', async () => {
    const [header, , signature] = (await readingToken(logto)).split('.');
    const payload = encodePart({
      iss: logto.issuer,
      aud: AUDIENCE,
      exp: now() + 60,
      iat: now(),
      sub: 'a',
      client_id: 'a',
    });
    const response = await get(app, '/products', `${header}.${payload}.${signature}`);
    expect(refusal(response)).toEqual(unauthorized('signature'));
  });

  it.each<[reason: keyof typeof descriptions, what: string, options: TestTokenOptions]>([
    ['machine', 'a token of a user', { subject: 'user-1' }],
    ['organization', 'a token for one organization', { organizationId: 'tgqjike3k7pu' }],
    ['scope', 'another permission', { scopes: 'write:products' }],
    ['scope', 'no permission', { scopes: [] }],
    ['scope', 'an empty scope', { claims: { scope: '' } }],
    ['scope', 'a scope that only begins like the required one', { scopes: 'read:products2 read' }],
    ['scope', 'a scope in another case', { scopes: 'Read:products' }],
    ['scope', 'tabs between scopes', { claims: { scope: 'write:products\tread:products' } }],
  ])('responds with 403 (%s) to %s', async (reason, _what, options) => {
    const response = await get(app, '/products', await readingToken(logto, options));
    expect(refusal(response)).toEqual(forbidden(reason, 'read:products'));
    expect(response.headers['cache-control']).toBe('no-store');
    expect(handler).not.toHaveBeenCalled();
  });

  it('omits scope from a 403 if the route requires none', async () => {
    const response = await get(app, '/open-to-all', await readingToken(logto, { subject: 'user-1' }));
    expect(refusal(response)).toEqual({
      status: 403,
      challenge: `Bearer realm="api", error="insufficient_scope", error_description="${descriptions.machine}"`,
      body: { error: 'insufficient_scope', error_description: descriptions.machine },
    });
  });

  it('responds with 503 and no challenge if the keys are unavailable', async () => {
    await logto.stop();
    onTestFinished(logto.start);
    const response = await get(app, '/products', await readingToken(logto));
    expect(refusal(response)).toEqual({
      status: 503,
      challenge: undefined,
      body: { error: 'temporarily_unavailable', error_description: descriptions.keys_unavailable },
    });
    expect(response.headers['retry-after']).toMatch(/^[1-5]$/);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(handler).not.toHaveBeenCalled();
  });

  it('responds with 503 while too many requests wait, and serves requests again afterwards', async () => {
    const { requireScopes } = createLogtoAuth({
      endpoint: issuer.endpoint,
      audience: AUDIENCE,
      maxPending: 1,
    });
    const busy = express();
    busy.get('/products', requireScopes('read:products'), (_req, res) => res.json({}));
    const keys = issuer.hold();
    const first = get(busy, '/products', issuer.token()).then(({ status }) => status);
    await eventually(() => expect(keys.held).toHaveLength(1));
    const second = await get(busy, '/products', issuer.token());
    expect(refusal(second)).toEqual({
      status: 503,
      challenge: undefined,
      body: { error: 'temporarily_unavailable', error_description: descriptions.overloaded },
    });
    expect(second.headers['retry-after']).toBe('1');
    keys.release();
    expect(await first).toBe(200);
    expect((await get(busy, '/products', issuer.token())).status).toBe(200);
  });

  it('responds to a HEAD request without a body', async () => {
    const response = await request(app).head('/products');
    expect(response.status).toBe(401);
    expect(response.headers['www-authenticate']).toBe('Bearer realm="api", scope="read:products"');
    expect(response.text ?? '').toBe('');
  });

  it('names the realm and the metadata document in the challenge, in the order of the RFCs', async () => {
    const { requireScopes } = createLogtoAuth({
      endpoint: logto.endpoint,
      audience: AUDIENCE,
      realm: 'the shop',
      resourceMetadata: 'https://shopping.api/.well-known/oauth-protected-resource',
    });
    const named = express();
    named.get('/', requireScopes('read:products'));
    const metadata = 'resource_metadata="https://shopping.api/.well-known/oauth-protected-resource"';
    const none = await get(named, '/');
    expect(none.headers['www-authenticate']).toBe(
      `Bearer realm="the shop", scope="read:products", ${metadata}`,
    );
    const insufficient = await get(named, '/', await logto.issueToken({ claims: { scope: '' } }));
    expect(insufficient.headers['www-authenticate']).toBe(
      `Bearer realm="the shop", scope="read:products", error="insufficient_scope", error_description="${descriptions.scope}", ${metadata}`,
    );
  });

  it('repeats nothing of the token, the request or the configuration in its response', async () => {
    const secret = 'qqq-zzz-secret';
    const token = await readingToken(logto, {
      audience: `https://${secret}.example`,
      header: { typ: secret },
    });
    for (const sent of [token, await readingToken(logto, { claims: { iss: `https://${secret}.example` } })]) {
      const response = await get(app, `/products?x=${secret}`, sent);
      expect(JSON.stringify([response.headers, response.body])).not.toContain(secret);
    }
  });

  it('passes errors of the handler to the error handler', async () => {
    const failing = express();
    failing.get('/', auth.requireScopes('read:products'), () => {
      throw new AuthError('scope');
    });
    failing.use(((error, _req, res, _next) => {
      res.status(418).json({ seen: error instanceof AuthError });
    }) satisfies import('express').ErrorRequestHandler);
    const response = await get(failing, '/', await readingToken(logto));
    expect(response.status).toBe(418);
    expect(response.body).toEqual({ seen: true });
  });
});

it('Retry-After has the value of the refusal, or 1 second if it has none', () => {
  const context = { realm: 'api', scopes: [], resourceMetadata: undefined };
  const after = (details?: RefusalDetails) =>
    toAuthError(new Refusal('keys_unavailable', 'x', details), context).headers['Retry-After'];
  expect([after({ retryAfter: 7 }), after()]).toEqual(['7', '1']);
});
