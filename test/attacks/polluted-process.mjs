// A process in which some other library has put members on Object.prototype, as a merge of hostile JSON does. It says
// in which of the cases below the package then decides otherwise than without. Arguments: the package's dist folder.
import { constants, createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { pathToFileURL } from 'node:url';

const dist = pathToFileURL(`${process.argv[2]}/`);
const ENDPOINT = 'https://logto.example';
const ISSUER = `${ENDPOINT}/oidc`;
const AUDIENCE = 'https://shop.example';
const now = Math.floor(Date.now() / 1000);

const keyOf = (kid) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' } };
};
const rsaKeyOf = (kid) => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' } };
};
const own = keyOf('own');
const ownRsa = rsaKeyOf('own-rsa');
const attackers = keyOf('attackers');
const jwks = { keys: [own.jwk, ownRsa.jwk] };
const falseJwks = { keys: [attackers.jwk] };

const PARAMETERS = {
  ES256: { dsaEncoding: 'ieee-p1363' },
  RS256: { padding: constants.RSA_PKCS1_PADDING },
  PS256: {
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  },
};
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
function token(claims = {}, key = own, header = {}) {
  const members = {
    iss: ISSUER,
    sub: 'app',
    client_id: 'app',
    aud: AUDIENCE,
    iat: now,
    exp: now + 3600,
    ...claims,
  };
  const { alg = 'ES256' } = header;
  const input = `${encode({ alg, typ: 'at+jwt', kid: key.kid, ...header })}.${encode(members)}`;
  const signature = sign('sha256', Buffer.from(input), { key: key.privateKey, ...PARAMETERS[alg] });
  return `${input}.${signature.toString('base64url')}`;
}
const honest = token({ scope: 'read:products' });
const tokens = {
  honest,
  'by RS256': token({ scope: 'read:products' }, ownRsa, { alg: 'RS256' }),
  'by PS256': token({ scope: 'read:products' }, ownRsa, { alg: 'PS256' }),
  'without permissions': token(),
  'of an organization': token({ scope: 'read:products', organization_id: 'o1' }),
  'of a user': token({ scope: 'read:products', sub: 'somebody' }),
  'for another API': token({ scope: 'read:products', aud: 'https://other.example' }),
  'of an organization itself': token({ scope: 'read:products', aud: 'urn:logto:organization:o1' }),
  'without client_id': token({ scope: 'read:products', client_id: undefined }),
  'without exp': token({ scope: 'read:products', exp: undefined }),
  'without iat': token({ scope: 'read:products', iat: undefined }),
  expired: token({ scope: 'read:products', exp: now - 60 }),
  'of the attacker': token({ scope: 'read:products' }, attackers),
  'of another type': token({ scope: 'read:products' }, own, { typ: undefined }),
  'without kid': token({ scope: 'read:products' }, own, { kid: undefined }),
  'that was revoked': token({ scope: 'read:products', jti: 'revoked' }),
};

/** Answers that none of Node's own code takes part in. */
const answer = (body) => ({
  status: 200,
  redirected: false,
  headers: new Map([['content-type', 'application/json']]),
  body: [Buffer.from(JSON.stringify(body))],
});
const [rightKeys, falseKeys] = [answer(jwks), answer(falseJwks)];
const fetchKeys = async (url) => (String(url).startsWith(ENDPOINT) ? rightKeys : falseKeys);
const granted = JSON.stringify({ access_token: honest, token_type: 'Bearer', expires_in: 3600 });

// So much later does each token come that its key is asked for at once.
const realNow = performance.now.bind(performance);
let ahead = 0;
performance.now = () => realNow() + ahead;

/** What each case comes to: `ok`, or the reason of the refusal. */
async function decisions(auth) {
  const { verify, requireScopes } = auth;
  const found = Object.create(null);
  const result = (promise) =>
    promise.then(
      () => 'ok',
      (error) => error.reason ?? error.name,
    );
  const demands = {
    'for a scope': { scopes: ['read:products'] },
    'for an organization': { scopes: ['read:products'], organization: { id: 'o1' } },
    "for an organization's own": { organizationToken: { id: 'o1' } },
    'for nothing': undefined,
  };
  for (const [whose, text] of Object.entries(tokens)) {
    for (const [what, demand] of Object.entries(demands)) {
      ahead += 5_000;
      found[`verify: ${whose}, ${what}`] = await result(verify(text, demand));
    }
  }
  const guards = {
    'a scope': requireScopes('read:products'),
    'an organization': requireScopes('read:products', { organization: () => 'o1' }),
  };
  for (const [what, guard] of Object.entries(guards)) {
    for (const [whose, text] of [...Object.entries(tokens), ['none', undefined]]) {
      ahead += 5_000;
      found[`guard for ${what}: ${whose}`] = await throughGuard(guard, text);
    }
  }
  return found;
}

function throughGuard(guard, text) {
  const req = new IncomingMessage(new Socket());
  if (text !== undefined) req.headers = { authorization: `Bearer ${text}` };
  return new Promise((resolve) => {
    const res = new ServerResponse(req);
    res.end = () => resolve(String(res.statusCode));
    guard(req, res, (error) => resolve(error === undefined ? 'ok' : error.name));
  });
}

const isRevoked = ({ jwtId }) => jwtId === 'revoked';
const createAuth = ({ createLogtoAuth }) =>
  createLogtoAuth({
    endpoint: ENDPOINT,
    audience: AUDIENCE,
    fetch: fetchKeys,
    isRevoked,
    jwksCache: { timeout: 1 },
  });

/** Where a client sends its secret and its token, and what it asks for. */
async function calls({ createM2MClient }) {
  const sent = [];
  const client = createM2MClient({
    endpoint: ENDPOINT,
    appId: 'app',
    appSecret: 'secret',
    resource: AUDIENCE,
    timeout: 0.2,
    fetch: async (url, init) => {
      sent.push(`${init.method} ${url} ${init.body ?? ''}`);
      return new Response(granted, {
        __proto__: null,
        status: 200,
        headers: { 'content-type': 'application/json' },
      });
    },
  });
  const token = await client.getAccessToken().then(
    ({ scopes }) => `a token with the scopes ${scopes.length}`,
    (error) => error.code,
  );
  const called = await client.fetch('/').then(
    () => 'called',
    (error) => error.name,
  );
  return { __proto__: null, sent: sent.join(), token, called };
}

/** What comes of a store whose entries are empty, while Logto cannot be reached. */
async function fromEmptyStore({ createLogtoAuth }) {
  const fetch = async () => {
    throw new Error('down');
  };
  const store = { get: async () => ({}), set: async () => {} };
  const jwksCache = { timeout: 0.05, store };
  const auth = createLogtoAuth({ endpoint: ENDPOINT, audience: AUDIENCE, fetch, jwksCache });
  const found = await auth.verify(tokens['of the attacker']).then(
    () => 'ok',
    (error) => error.reason,
  );
  return { __proto__: null, 'keys of an empty entry in the store': found };
}

/** What a test issues without asking for anything. */
async function issued(logto) {
  const text = await logto.issueToken().catch((error) => `.${encode({ failed: error.name })}`);
  const claims = JSON.parse(Buffer.from(text.split('.')[1], 'base64url'));
  const { iat, exp, jti, ...others } = claims;
  return {
    __proto__: null,
    claims: JSON.stringify(others),
    life: String(exp - iat),
    hasId: String(typeof jti),
  };
}

async function everything({ root, client, logto }) {
  return {
    __proto__: null,
    ...(await decisions(createAuth(root))),
    ...(await calls(client)),
    ...(await fromEmptyStore(root)),
    ...(await issued(logto)),
  };
}

function pollute(members) {
  for (const [name, value] of members) {
    Object.defineProperty(Object.prototype, name, {
      __proto__: null,
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return () => {
    for (const [name] of members) delete Object.prototype[name];
  };
}

const imports = async (query = '') => ({
  root: await import(new URL(`index.js${query}`, dist)),
  client: await import(new URL(`client.js${query}`, dist)),
});

const before = await imports();
const { startTestLogto } = await import(new URL('testing.js', dist));
const logto = await startTestLogto();
await logto.stop();
const expected = await everything({ ...before, logto });

/** What each name might do most harm with. */
const HOSTILE = [
  [['scope', 'read:products']],
  [['scopes', ['read:products']]],
  [['organization_id', 'o1']],
  [['organizationId', 'o1']],
  [['client_id', 'app']],
  [['clientId', 'app']],
  [['sub', 'app']],
  [['subject', 'app']],
  [['isMachine', true]],
  [['iss', ISSUER]],
  [['aud', AUDIENCE]],
  [['audience', 'https://other.example']],
  [['exp', now + 3600]],
  [['iat', now]],
  [['nbf', now + 3600]],
  [['notBefore', now + 3600]],
  [['cnf', {}]],
  [['jti', 'revoked']],
  [['jwtId', 'revoked']],
  [['typ', 'at+jwt']],
  [['alg', 'none']],
  [['kid', 'own']],
  [['crit', ['b64']]],
  [['authorization', `Bearer ${honest}`]],
  [['headers', { authorization: `Bearer ${honest}` }]],
  [['machineOnly', false]],
  [['organization', 'optional']],
  [['organization', { id: 'o1' }]],
  [['organizationToken', { id: 'o1' }]],
  [['anyScope', ['read:products']]],
  [['id', 'o1']],
  [['issuers', [{ issuer: ISSUER, jwks: falseJwks }]]],
  [['endpoint', 'https://evil.example']],
  [['jwksUri', 'https://evil.example/jwks']],
  [['jwks', falseJwks]],
  [['keys', [attackers.jwk]]],
  [
    ['issuer', ISSUER],
    ['jwksUri', `${ISSUER}/jwks`],
    ['fetchedAt', Date.now() - 1_000],
    ['jwks', falseJwks],
  ],
  [['kty', 'RSA']],
  [['crv', 'P-384']],
  [['use', 'enc']],
  [['key_ops', ['sign']]],
  [['d', 'AAAA']],
  [['clockTolerance', 300]],
  [['maxTokenAge', 1]],
  [['tokenCache', false]],
  [['maxPending', 1]],
  [['algorithms', ['RS256']]],
  [['allowInsecureRequests', true]],
  [['realm', 'evil']],
  [['jwksCache', { maxAge: 1 }]],
  [['store', { get: 1, set: 1 }]],
  [['isRevoked', false]],
  [['getToken', 'x']],
  [['onError', 'x']],
  [['fetch', 'x']],
  [['baseUrl', 'https://evil.example']],
  [['resource', 'https://evil.example']],
  [
    ['use_mtls_endpoint_aliases', true],
    ['mtls_endpoint_aliases', { token_endpoint: 'https://evil.example/token' }],
  ],
  [['token_endpoint', 'https://evil.example/token']],
  [['method', 'DELETE']],
  [['body', 'evil=1']],
  [['redirect', 'follow']],
  [['access_token', 'evil']],
  [['expires_in', 1]],
  [['retryAfter', 'x\r\ny']],
  [['cause', 'evil']],
  [['hint', 'evil']],
  [['allowStale', true]],
  [['ttl', 1]],
  [['status', 'x']],
  [['max', 1]],
  [['modulusLength', 4096]],
  [['publicExponent', 1]],
  [['namedCurve', 'prime256v1']],
  [['padding', 1]],
  [['saltLength', 1]],
  [['dsaEncoding', 'der']],
  [['claims', { iss: 'evil' }]],
  [['header', { crit: ['x'] }]],
  [['expiresIn', -60]],
  [['next', 'route']],
  [['auth', { scopes: ['read:products'] }]],
  [['LOGTO_ENDPOINT', 'https://evil.example']],
  [['LOGTO_AUDIENCE', 'https://other.example']],
];

/** Every word of the package's code that a member can have for a name, with values of each kind. */
const words = new Set(
  ['index.js', 'client.js', 'testing.js'].flatMap(
    (file) =>
      readFileSync(new URL(file, dist), 'utf8').match(/(?<=[.'"{,\s])[A-Za-z_]\w*(?=[\s:,='"}.();])/g) ?? [],
  ),
);
const KINDS = ['x', 1, true, ['read:products'], { id: 'o1' }];
const kindOf = (word) => KINDS[createHash('sha256').update(word).digest()[0] % KINDS.length];

const differences = [];
function compare(when, members, found) {
  for (const [what, value] of Object.entries(expected)) {
    if (found[what] !== value)
      differences.push({ when, members, what, expected: value, found: String(found[what]) });
  }
}

let tried = 0;
for (const members of HOSTILE) {
  const name = members.map(([one]) => one).join();
  tried += 1;
  // While they are there: from the making of the instance on, and at the requests alone.
  let restore = pollute(members);
  const during = await everything({ ...before, logto });
  restore();
  compare('during', name, during);

  const auth = createAuth(before.root);
  restore = pollute(members);
  const atRequests = await decisions(auth);
  restore();
  compare('at the requests', name, { ...expected, ...atRequests });
  // And no cache keeps what was decided meanwhile.
  compare('after', name, { ...expected, ...(await decisions(auth)) });

  restore = pollute(members);
  const fresh = await imports(`?${tried}`).catch((error) => error);
  const early = fresh instanceof Error ? {} : await everything({ ...fresh, logto });
  restore();
  compare('before the import', name, early);
}
const auth = createAuth(before.root);
for (const word of words) {
  // The language's own: with a `return` that is no function no destructuring of a list works.
  if (word in Object.prototype || word === 'return') continue;
  tried += 1;
  const members = [[word, kindOf(word)]];
  const other = createAuth(before.root);
  const restore = pollute(members);
  const fresh = await decisions(other).catch((error) => ({ failed: error.message }));
  const known = await decisions(auth).catch((error) => ({ failed: error.message }));
  restore();
  compare('at the requests', word, { ...expected, ...fresh });
  compare('of known tokens', word, { ...expected, ...known });
}
compare('at last', 'nothing', { ...expected, ...(await decisions(auth)) });
process.stdout.write(JSON.stringify({ tried, cases: Object.keys(expected).length, expected, differences }));
process.exit();
