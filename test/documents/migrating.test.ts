import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import express, { type RequestHandler } from 'express';
import ts from 'typescript';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLogtoAuth, getAuth } from '../../src/index.js';
import type { TestLogto, TestTokenOptions } from '../../src/testing/index.js';
import { AUDIENCE, ownLogto, readingToken } from '../support/logto.js';
import { readPage } from '../support/markdown.js';
import { exportsOf, membersIn } from '../support/package-types.js';
import { get } from '../support/request.js';
import { travel } from '../support/result.js';
import { runBlocks } from './run-blocks.js';
import { migrating } from './scenarios/migrating.js';

const PAGE = 'docs/migrating.md';
const page = readPage(PAGE);
const bench = new URL('../../bench/', import.meta.url);
/** Loads the peer without its types, which declare another `req.auth`. */
const require = createRequire(import.meta.url);

runBlocks([PAGE], migrating);

/** The text of the page below a second-level heading. */
function section(heading: string): string {
  const [, text] = new RegExp(`^## ${heading}\\n(.*?)(?=^## |$(?![^]))`, 'ms').exec(page) ?? [];
  if (text === undefined) throw new Error(`The page has no section "${heading}".`);
  return text;
}

/** The cells of each row of the table in a section, without the header. */
function rows(heading: string): string[][] {
  const lines = section(heading).split('\n');
  return lines
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => line.slice(2, -2).split(' | '));
}

/** All words in code in the left column of the table in a section. */
function namesIn(heading: string): Set<string> {
  const left = rows(heading).map(([first = '']) => first);
  const code = left.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text as string));
  return new Set(code.flatMap((text) => text.match(/[\w$]+/g) ?? []));
}

/**
 * The names of express-oauth2-jwt-bearer: its options, nested options, exports, environment variables, and the
 * properties that it adds to the request.
 */
const PEER = {
  name: 'express-oauth2-jwt-bearer',
  version: '1.10.0',
  options:
    'issuerBaseURL audience issuer jwksUri agent cooldownDuration timeoutDuration cacheMaxAge cache discovery jwks ' +
    'maxEntries ttl validators clockTolerance maxTokenAge strict secret publicKey tokenSigningAlg mcd issuers alg ' +
    'authRequired dpop enabled required iatOffset iatLeeway mtls getCertificate ' +
    'typ iss aud exp iat sub client_id jti url headers',
  functions:
    'auth claimCheck claimEquals claimIncludes requiredScopes scopeIncludesAny ' +
    'InsufficientScopeError InvalidRequestError InvalidTokenError UnauthorizedError',
  types:
    'AsymmetricIssuerConfig AuthOptions AuthResult ClientCertificate DPoPOptions FunctionValidator GetCertificate ' +
    'IssuerConfig IssuerResolverContext IssuerResolverFunction IssuerResolverResult JSONPrimitive JWTHeader ' +
    'JWTPayload MCDOptions MtlsOptions PublicKeyInput RequestContext SymmetricIssuerConfig Validator Validators',
  variables: 'ISSUER_BASE_URL JWKS_URI ISSUER AUDIENCE SECRET TOKEN_SIGNING_ALG',
  'request properties': 'header payload token access_token',
  'error properties': 'code status statusCode headers message',
};

/** The names in the three samples of Logto, as of November 2026. */
const SAMPLES = {
  guide:
    'JWKS_URI ISSUER AuthInfo AuthorizationError extractBearerTokenFromHeaders validateJwt validateJwtToken ' +
    'createAuthInfo verifyPayload verifyAccessToken verifyAuthFromRequest requiredScopes scopes audiences ' +
    'expectedOrgId orgId expectedAud hasOrgAudience sub clientId organizationId audience message status',
  console: 'authMiddleware extractBearerTokenFromHeaders assert',
  rbac: 'requireAuth hasScopes verifyJwt getTokenFromHeader user id scopes LOGTO_ISSUER LOGTO_JWKS_URL LOGTO_API_RESOURCE',
  jose: 'createRemoteJWKSet jwtVerify',
};

const words = (text: string) => text.split(' ');

describe('the tables of names', () => {
  const { name, version, ...names } = PEER;

  it.each(Object.entries(names))(`cover all %s of ${name}`, (_kind, list) => {
    const told = namesIn('Coming from express-oauth2-jwt-bearer');
    expect(words(list).filter((word) => !told.has(word))).toEqual([]);
  });

  it.each(Object.entries(SAMPLES))("cover every name in Logto's samples: %s", (_which, list) => {
    const told = namesIn("Coming from Logto's sample code");
    expect(words(list).filter((word) => !told.has(word))).toEqual([]);
  });

  it.each<[heading: string, what: string, names: () => string[]]>([
    ['express-jwt', 'what express-jwt exports', () => exportsOf('express-jwt')],
    ['express-jwt', 'the options of express-jwt', () => membersIn('express-jwt', 'Params')],
    ['express-jwt', 'what jwks-rsa exports', () => membersIn('jwks-rsa', 'default', { value: true })],
    ['express-jwt', 'the options of jwks-rsa', () => membersIn('jwks-rsa', 'ExpressJwtOptions')],
    ['express-jwt', 'the client of jwks-rsa', () => membersIn('jwks-rsa', 'JwksClient')],
    ['passport-jwt', 'the options of passport-jwt', () => membersIn('passport-jwt', 'StrategyOptions')],
    [
      'passport-jwt',
      'the extractors of passport-jwt',
      () => membersIn('passport-jwt', 'ExtractJwt', { value: true }),
    ],
    ['mcp-auth', 'the class of mcp-auth', () => membersIn('mcp-auth', 'MCPAuth')],
    ['mcp-auth', 'the options of mcp-auth', () => membersIn('mcp-auth', 'BearerAuthConfig')],
    [
      'mcp-auth',
      'what mcp-auth exports',
      () => exportsOf('mcp-auth').filter((name) => !/Schema$|Description$/.test(name)),
    ],
  ])('in the section on %s cover %s', (heading, _what, names) => {
    const told = namesIn(`Coming from ${heading}`);
    const found = names();
    expect(found.length).toBeGreaterThan(1);
    expect(found.filter((name) => !told.has(name))).toEqual([]);
  });

  it('state the version of the peer that is installed here and for the benchmarks', () => {
    for (const folder of [bench, new URL('../', bench)]) {
      const lock = JSON.parse(readFileSync(new URL('package-lock.json', folder), 'utf8'));
      expect(lock.packages[`node_modules/${name}`].version).toBe(version);
    }
    expect(page).toContain(version);
  });
});

type MakeGuard = (setting: {
  issuer: string;
  jwksUri: string;
  audience: string;
  scope: string;
}) => RequestHandler[];

const makeOurs: MakeGuard = ({ issuer, audience, scope }) => [
  createLogtoAuth({ endpoint: issuer.replace(/\/oidc$/, ''), audience }).requireScopes(scope),
];

/** The sample of Logto in the benchmarks, which are not part of this TypeScript project. */
const sample: string = new URL('src/contestants/sample.ts', bench).pathname;
const { makeGuard: makeSample } = (await import(sample)) as { makeGuard: MakeGuard };

interface Peer {
  auth(options: object): RequestHandler;
  requiredScopes(scopes: string): RequestHandler;
}

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

const bearer = (token: string): Sent => ({ headers: { authorization: `Bearer ${token}` } });
const header = (authorization: string | readonly string[]): Sent => ({ headers: { authorization } });

type Requests = (logto: TestLogto) => Promise<readonly Sent[]>;

/** A request for each of these tokens. */
const tokens =
  (...each: TestTokenOptions[]): Requests =>
  (logto) =>
    Promise.all(each.map(async (options) => bearer(await readingToken(logto, options))));

/** The requests of each row in the table. All requests of one row get the same response. */
const REQUESTS: Readonly<Record<string, Requests>> = {
  'the header has another scheme, such as `Basic`': async () => [header('Basic YXBwOnNlY3JldA==')],
  '`Bearer` alone, or with two tokens': async (logto) => [
    header('Bearer'),
    header(`Bearer ${await readingToken(logto)} ${await readingToken(logto)}`),
  ],
  'characters that no token has': async () => [header('Bearer a"b')],
  'two `Authorization` headers': async (logto) => [
    header([`Bearer ${await readingToken(logto)}`, `Bearer ${await readingToken(logto)}`]),
  ],
  '`bearer` in lower case': async (logto) => [header(`bearer ${await readingToken(logto)}`)],
  'two spaces behind `Bearer`': async (logto) => [header(`Bearer  ${await readingToken(logto)}`)],
  'the token in the query, or in a form': async (logto) => [
    { path: `/products?access_token=${await readingToken(logto)}` },
    {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `access_token=${await readingToken(logto)}`,
    },
  ],
  "for another API, or an organization's own": tokens(
    { audience: 'https://other.api' },
    { audience: 'urn:logto:organization:o1' },
  ),
  'of a user': tokens({ subject: 'user' }),
  'with `organization_id`: its permissions hold in that organization only': tokens({ organizationId: 'o1' }),
  '`aud` names an organization beside the API': tokens({
    claims: { aud: [AUDIENCE, 'urn:logto:organization:o1'] },
  }),
  '`typ` is missing or not `at+jwt`': tokens({ header: { typ: undefined } }, { header: { typ: 'JWT' } }),
  'no `kid`': tokens({ header: { kid: undefined } }),
  'no `exp`': tokens({ claims: { exp: undefined } }),
  'no `iat`, `sub` or `client_id`': tokens(
    { claims: { iat: undefined } },
    { claims: { sub: undefined } },
    { claims: { client_id: undefined } },
  ),
  'bound by DPoP (`cnf` with `jkt`)': tokens({ claims: { cnf: { jkt: 'thumbprint' } } }),
  'bound to a certificate (`cnf` with `x5t#S256`)': tokens({ claims: { cnf: { 'x5t#S256': 'thumbprint' } } }),
  'expired three seconds ago': tokens({ expiresIn: -3 }),
  'signed by a key that Logto made within 30 s of the last look at its keys': async (logto) => {
    await logto.rotateKeys();
    return [bearer(await readingToken(logto))];
  },
};

/** What happens before the request of the row, with or without a first accepted request. */
const OUTAGES: Readonly<Record<string, (logto: TestLogto, first: () => Promise<number>) => Promise<void>>> = {
  'Logto is down, and its keys were fetched 11 minutes ago': async (logto, first) => {
    expect(await first()).toBe(200);
    await logto.stop();
    travel(11 * 60);
  },
  'Logto is down, and its keys were never fetched': (logto) => logto.stop(),
};

describe('what changes for callers', () => {
  const table = rows('What changes for callers');

  afterEach(() => {
    vi.useRealTimers();
  });

  it('has a request for each row, and a row for each request', () => {
    expect(table.map(([row]) => row)).toEqual([...Object.keys(REQUESTS), ...Object.keys(OUTAGES)]);
  });

  const answersAs = (column: number, makeGuard: MakeGuard) =>
    it.each(table)('%s', async (...cells: string[]) => {
      const [row = '', expected] = [cells[0], Number(cells[column])];
      const logto = await ownLogto();
      const { issuer } = logto;
      const setting = { issuer, jwksUri: `${issuer}/jwks`, audience: AUDIENCE, scope: 'read:products' };
      const app = express();
      app.use(express.urlencoded());
      app.all('/products', ...makeGuard(setting), (_req, res) => {
        res.json({ products: [] });
      });
      const server = app.listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as AddressInfo;
      const token = await readingToken(logto);
      const good = () => send(port, bearer(token));
      try {
        const outage = OUTAGES[row];
        if (outage === undefined) {
          // A valid request succeeds, so that the next ones are refused for their own faults.
          expect(await good()).toBe(200);
          const requests = (await REQUESTS[row]?.(logto)) ?? [];
          for (const one of requests) expect(await send(port, one)).toBe(expected);
        } else {
          await outage(logto, good);
          expect(await good()).toBe(expected);
        }
      } finally {
        server.close();
        server.closeAllConnections();
      }
    });

  describe('with this package', () => {
    answersAs(3, makeOurs);
  });

  describe("with Logto's guide", () => {
    answersAs(2, makeSample);
  });

  describe(`with ${PEER.name}`, () => {
    const { auth, requiredScopes } = require(PEER.name) as Peer;
    answersAs(1, ({ issuer, jwksUri, audience, scope }) => [
      auth({ issuer, jwksUri, audience }),
      requiredScopes(scope),
    ]);
  });

  it('a guard of this package can be combined with one of the peer as the page says', async () => {
    const { auth, requiredScopes } = require(PEER.name) as Peer;
    const logto = await ownLogto();
    const { issuer } = logto;
    const ours = createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE });
    const theirs = auth({ issuer, jwksUri: `${issuer}/jwks`, audience: AUDIENCE });
    const app = express();
    app.get('/before', ours.authenticate(), requiredScopes('read:products'), (_req, res) => void res.end());
    app.get('/behind', theirs, ours.requireScopes('read:products'), (req, res) => {
      res.status(req.auth === getAuth(req) ? 200 : 500).end();
    });
    expect((await get(app, '/before', await readingToken(logto))).status).toBe(401);
    expect((await get(app, '/behind', await readingToken(logto))).status).toBe(200);
  });

  it(`the list of names in ${PEER.name} is complete`, () => {
    const file = require.resolve(PEER.name);
    const known = new Set(Object.values(PEER).flatMap(words));
    const variables = readFileSync(file, 'utf8').match(/(?<=process\.env\.)\w+/g) ?? [];
    const types = ts.createSourceFile(
      'index.d.ts',
      readFileSync(file.replace(/js$/, 'd.ts'), 'utf8'),
      ts.ScriptTarget.Latest,
    );
    const found = [...variables, ...types.statements.flatMap(namesOf)];
    expect(found.length).toBeGreaterThan(60);
    expect(found.filter((one) => one !== 'NODE_ENV' && !known.has(one))).toEqual([]);
  });
});

/** The names that a declaration of the peer exports, or its options including nested ones. */
function namesOf(node: ts.Statement): string[] {
  if (
    ts.isExportDeclaration(node) &&
    node.exportClause !== undefined &&
    ts.isNamedExports(node.exportClause)
  ) {
    return node.exportClause.elements.map(({ name }) => name.text);
  }
  const lists = /^(\w*Options(\$1)?|\w+IssuerConfig|Validators|IssuerResolverContext|VerifyJwtResult)$/;
  if (ts.isInterfaceDeclaration(node) && lists.test(node.name.text)) return node.members.flatMap(membersOf);
  if (!ts.isTypeAliasDeclaration(node) || !ts.isIntersectionTypeNode(node.type)) return [];
  return node.type.types.flatMap((type) =>
    ts.isTypeLiteralNode(type) ? type.members.flatMap(membersOf) : [],
  );
}

function membersOf(member: ts.TypeElement): string[] {
  if (!ts.isPropertySignature(member) || !ts.isIdentifier(member.name)) return [];
  const { name, type } = member;
  const inner = type !== undefined && ts.isTypeLiteralNode(type) ? type.members.flatMap(membersOf) : [];
  return [name.text, ...inner];
}

/** Sends a request, and returns the status. */
function send(
  port: number,
  { method = 'GET', path = '/products', headers = {}, body }: Sent,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, method, path, host: '127.0.0.1', agent: false }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
    });
    for (const [name, value] of Object.entries(headers)) sent.setHeader(name, value);
    sent.once('error', reject).end(body);
  });
}
