import { readFileSync } from 'node:fs';

/** The responses of a Logto of November 2026 to the requests below, field by field. */
export const RECORDED: Readonly<Record<string, Answer>> = JSON.parse(
  readFileSync(new URL('../fixtures/logto-2026-11/answers.json', import.meta.url), 'utf8'),
);

/** A response in the format of the recording, without addresses, ids and values that differ each time. */
export type Answer = Readonly<Record<string, unknown>>;

/** The names of the apps and the organizations in the recording. */
export type Name = 'ST' | 'STR' | 'PA' | 'ORG' | 'OTHER';

/** A stand-in for Logto with the APIs and apps of the shop. */
export interface StandIn {
  readonly endpoint: string;
  /** The ids of the apps, of their organization and of another organization. */
  readonly ids: Readonly<Record<Name, string>>;
  readonly secrets: Readonly<Partial<Record<Name, string>>>;
}

interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const PRODUCTS = 'read:products write:products delete:products read:orders';
const SHOP = ['resource', 'https://shopping.api'] as const;
const MANAGEMENT = ['resource', 'https://default.logto.app/api'] as const;
const ORGANIZATIONS = ['resource', 'urn:logto:resource:organizations'] as const;
const READING = ['scope', PRODUCTS] as const;
const PAGE = { origin: 'https://app.example' };

/** The requests of the recording, by their names in it. */
export function recordedRequests(
  { ids, secrets }: StandIn,
  token: string,
): Readonly<Record<string, Request>> {
  const basic = (id: string, secret: string) =>
    `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
  const raw = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  const secret = secrets.ST ?? '';
  const as = (app: Name) => ({ authorization: basic(ids[app], secrets[app] ?? '') });
  const form = (...pairs: readonly (readonly [string, string])[]) =>
    pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
  const post = (path: string, headers: Record<string, string>, body: string): Request => ({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body,
  });
  const ask = (headers: Record<string, string>, ...pairs: readonly (readonly [string, string])[]) =>
    post('/oidc/token', headers, form(['grant_type', 'client_credentials'], ...pairs));
  const grant = (type: string) => post('/oidc/token', as('ST'), form(['grant_type', type], SHOP));
  const get = (path: string, headers: Record<string, string> = {}): Request => ({
    method: 'GET',
    path,
    headers,
  });
  const org = ['organization_id', ids.ORG] as const;
  const id = ['client_id', ids.ST] as const;
  const json = { 'content-type': 'application/json' };
  return {
    granted: ask(as('ST'), SHOP, READING),
    'no scope asked': ask(as('ST'), SHOP),
    'no role': ask(as('STR'), SHOP, READING),
    'post auth': ask({}, SHOP, READING, id, ['client_secret', secret]),
    'post wrong secret': ask({}, SHOP, READING, id, ['client_secret', 'wrong']),
    'id only in body': ask({}, SHOP, id),
    'both auth': ask(as('ST'), SHOP, id, ['client_secret', secret]),
    'basic + same client_id': ask(as('ST'), SHOP, READING, id),
    'no auth': ask({}, SHOP),
    'org token': ask(as('PA'), org, ['scope', 'read:reports']),
    'org token no scope': ask(as('PA'), org),
    'org token unknown scope': ask(as('PA'), org, ['scope', 'nosuch']),
    'org+api': ask(as('PA'), SHOP, org, READING),
    'org+api no scope': ask(as('PA'), SHOP, org),
    'org+unknown api': ask(as('PA'), ['resource', 'https://unknown.api'], org),
    'org+mgmt': ask(as('PA'), MANAGEMENT, org, ['scope', 'all']),
    'organizations resource': ask(as('ST'), ORGANIZATIONS, ['scope', 'read:reports']),
    'organizations resource, member': ask(as('PA'), ORGANIZATIONS, org, ['scope', 'read:reports']),
    'mgmt no role': ask(as('ST'), MANAGEMENT, ['scope', 'all']),
    nothing: ask(as('ST')),
    'unknown resource': ask(as('ST'), ['resource', 'https://unknown.api']),
    slash: ask(as('ST'), ['resource', 'https://shopping.api/']),
    upper: ask(as('ST'), ['resource', 'https://SHOPPING.api']),
    two: ask(as('ST'), SHOP, MANAGEMENT),
    'twice same resource': ask(as('ST'), SHOP, SHOP, READING),
    'two orgs': ask(as('PA'), org, ['organization_id', ids.OTHER]),
    'two scopes params': ask(as('ST'), SHOP, ['scope', 'read:products'], ['scope', 'read:orders']),
    'wrong secret': ask({ authorization: basic(ids.ST, 'wrong') }, SHOP),
    'unknown app': ask({ authorization: basic('nosuchapp', 'any') }, SHOP),
    'empty secret': ask({ authorization: basic(ids.ST, '') }, SHOP),
    'basic garbage': ask({ authorization: 'Basic %%%' }, SHOP),
    'basic no colon': ask({ authorization: raw('nocolon') }, SHOP),
    'secret newline': ask({ authorization: raw(`${ids.ST}:${secret}\n`) }, SHOP),
    'bearer as auth': ask({ authorization: 'Bearer abc' }, SHOP),
    'org not member': ask(as('PA'), ['organization_id', ids.OTHER]),
    'org unknown': ask(as('PA'), ['organization_id', 'nosuch']),
    'not uri': ask(as('ST'), ['resource', 'shopping']),
    fragment: ask(as('ST'), ['resource', 'https://shopping.api#x']),
    'empty resource': ask(as('ST'), ['resource', '']),
    'empty org': ask(as('ST'), SHOP, ['organization_id', ''], READING),
    'empty scope': ask(as('ST'), SHOP, ['scope', '']),
    'double space scope': ask(as('ST'), SHOP, ['scope', 'read:products  read:orders']),
    'openid offline_access': ask(as('ST'), SHOP, ['scope', 'openid offline_access read:products']),
    authorization_details: ask(as('ST'), SHOP, ['authorization_details', '[{"type":"a"}]']),
    'no grant_type': post('/oidc/token', as('ST'), form(SHOP)),
    'password grant': grant('password'),
    'refresh grant': grant('refresh_token'),
    'authorization_code grant': grant('authorization_code'),
    'device grant': grant('urn:ietf:params:oauth:grant-type:device_code'),
    'token exchange': grant('urn:ietf:params:oauth:grant-type:token-exchange'),
    'json body': post(
      '/oidc/token',
      { ...json, ...as('ST') },
      JSON.stringify({ grant_type: 'client_credentials', resource: SHOP[1] }),
    ),
    'GET token': get('/oidc/token'),
    'null byte': ask(as('ST'), SHOP, ['scope', 'read:products\0']),
    'DPoP header garbage': ask({ ...as('ST'), dpop: 'garbage' }, SHOP, READING),
    jwks: get('/oidc/jwks'),
    'jwks HEAD': { method: 'HEAD', path: '/oidc/jwks' },
    'jwks etag': get('/oidc/jwks', { 'if-none-match': '"xxx"' }),
    'jwks POST': { method: 'POST', path: '/oidc/jwks' },
    discovery: get('/oidc/.well-known/openid-configuration'),
    'as metadata': get('/oidc/.well-known/oauth-authorization-server'),
    'not found': get('/oidc/nope'),
    root: get('/'),
    'introspect jwt': post('/oidc/token/introspection', as('ST'), form(['token', token])),
    'revoke jwt': post('/oidc/token/revocation', as('ST'), form(['token', token])),
    'introspect garbage': post('/oidc/token/introspection', as('ST'), form(['token', 'garbage'])),
    'revoke garbage': post('/oidc/token/revocation', as('ST'), form(['token', 'garbage'])),
    userinfo: get('/oidc/me', { authorization: `Bearer ${token}` }),
    'CORS preflight': {
      method: 'OPTIONS',
      path: '/oidc/token',
      headers: {
        ...PAGE,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    },
    'CORS token': ask({ ...as('ST'), ...PAGE }, SHOP),
    'CORS jwks': get('/oidc/jwks', PAGE),
  };
}

/** The compared headers. `Vary` is missing, since the stand-ins do not compress. */
const HEADERS = [
  'content-type',
  'cache-control',
  'access-control-allow-origin',
  'access-control-expose-headers',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'www-authenticate',
  'location',
];

/** Sends a request and returns the response in the format of the recording. */
export async function answerTo(request: Request, standIn: StandIn): Promise<Answer> {
  const { method, path, headers, body } = request;
  const response = await fetch(standIn.endpoint + path, {
    method,
    redirect: 'manual',
    ...(headers && { headers: { ...headers } }),
    ...(body !== undefined && { body }),
  });
  const text = named(await response.text(), standIn);
  const found = HEADERS.map((name) => [name, response.headers.get(name)] as const);
  const shown = found.flatMap(([name, value]) => (value === null ? [] : [[name, named(value, standIn)]]));
  const answer = { status: response.status, ...Object.fromEntries(shown) };
  const data = parsed(text);
  if (Array.isArray(data?.['keys'])) return { ...answer, ...keysIn(data['keys'], response) };
  if (typeof data?.['access_token'] !== 'string') return { ...answer, body: data ?? text };
  return { ...answer, ...tokenIn(data['access_token'], standIn), ...grantIn(data) };
}

function keysIn(keys: Record<string, unknown>[], { headers }: Response): object {
  return {
    keys: keys.map((key) => `${Object.keys(key)} ${key['alg']} ${key['kty']}`),
    etagForm: headers.get('etag')?.replace(/[\w+/]/g, 'x'),
    body: '(keys)',
  };
}

function tokenIn(token: string, standIn: StandIn): object {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const { kid, ...members } = parsed(Buffer.from(header, 'base64url').toString()) ?? {};
  const claims = parsed(named(Buffer.from(payload, 'base64url').toString(), standIn)) ?? {};
  const { iat, exp, jti } = claims;
  return {
    header: { ...members, kid: String(kid).length },
    claims: { ...claims, jti: `len${String(jti).length}`, iat: 'n', exp: `+${Number(exp) - Number(iat)}` },
    claimOrder: Object.keys(claims).join(' '),
    sigLen: signature.length,
  };
}

function grantIn(answer: Record<string, unknown>): object {
  return { bodyOrder: Object.keys(answer).join(' '), body: { ...answer, access_token: '…' } };
}

function named(text: string, { endpoint, ids }: StandIn): string {
  const names = Object.entries(ids).sort(([, a], [, b]) => b.length - a.length);
  return names.reduce((left, [name, id]) => left.replaceAll(id, name), text.replaceAll(endpoint, 'BASE'));
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
