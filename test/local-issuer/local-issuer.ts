import { generateKeyPair } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import express from 'express';
import type { Adapter, JWK, Provider as ProviderClass } from 'oidc-provider';
// The entry module of the package writes a warning to the console on Node 20, although the engine works there.
// @ts-expect-error The package's types describe its entry module only.
import { Provider as UntypedProvider } from 'oidc-provider/lib/provider.js';
import { findApplication, registerClientCredentialsGrant, tokenClaims } from './client-credentials-grant.js';
import type { Directory } from './directory.js';
import { logtoAnswers } from './logto-answers.js';
import { readTokenForm } from './token-form.js';

const Provider: typeof ProviderClass = UntypedProvider;
const newKeyPair = promisify(generateKeyPair);

/** The algorithms with which Logto can sign: ES384 with EC keys, the default, or RS256 with RSA keys. */
export type SigningAlgorithm = 'ES384' | 'RS256';

/** A running stand-in for Logto. */
export interface LocalIssuer {
  /** Its address without a trailing slash; Logto calls it the endpoint of a tenant. */
  endpoint: string;
  /** The `iss` of its tokens: `<endpoint>/oidc`. */
  issuer: string;
  /**
   * Rotates the signing key as an admin does: when the promise resolves, a new key signs. The key set keeps the
   * previous key, but no older one, so a second rotation invalidates the tokens of the first key.
   *
   * @param to The algorithm of the new key; by default that of the current key.
   */
  rotateKeys(to?: SigningAlgorithm): Promise<void>;
  /** Stops listening and ends all connections. */
  stop(): Promise<void>;
}

/**
 * Starts a stand-in for Logto on 127.0.0.1, for machine-to-machine apps only. It uses the same engine as Logto and
 * stores nothing: it creates its first keys at the start and takes its apps from the directory.
 *
 * @param options.directory The tenant's data. It may be changed while the issuer runs; changes apply at once.
 * @param options.port The port to listen on; by default a free port.
 * @param options.publicEndpoint The address of a proxy in front of it; `issuer` then has this address.
 * @param options.signingKeys The algorithm of the signing key: `ES384`, the default of Logto, or `RS256`, as after an
 *   admin has rotated the keys to RSA (the key set then contains the previous EC key too).
 */
export async function startLocalIssuer(options: {
  directory: Directory;
  port?: number;
  publicEndpoint?: string;
  signingKeys?: SigningAlgorithm;
}): Promise<LocalIssuer> {
  const { directory, port = 0, signingKeys = 'ES384' } = options;
  let alg: SigningAlgorithm = signingKeys;
  // The first key signs.
  let keys = [await newKey(alg), ...(alg === 'RS256' ? [await newKey('ES384')] : [])];

  // The issuer name contains the port, so the server must listen first.
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = `${options.publicEndpoint ?? endpoint}/oidc`;

  let engine = createEngine(issuer, directory, keys, alg).callback();
  const app = express().disable('x-powered-by');
  server.on(
    'request',
    app.use('/oidc', (req, res) => engine(req, res)),
  );

  return {
    endpoint,
    issuer,
    async rotateKeys(to = alg) {
      const key = await newKey(to);
      alg = to;
      keys = [key, ...keys.slice(0, 1)];
      // The engine cannot change its keys. It stores nothing, so a new engine can replace it between two requests.
      engine = createEngine(issuer, directory, keys, alg).callback();
    },
    async stop() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function createEngine(issuer: string, directory: Directory, keys: JWK[], alg: SigningAlgorithm) {
  const provider = new Provider(issuer, {
    ...tokenClaims,
    adapter: (model) => directoryAdapter(model, directory),
    jwks: { keys },
    clientDefaults: { id_token_signed_response_alg: alg },
    enabledJWA: { idTokenSigningAlgValues: [alg] },
    clientBasedCORS: (_ctx, origin, { clientId }) =>
      findApplication(directory, clientId).corsAllowedOrigins?.includes(origin) ?? false,
    renderError(ctx, out) {
      ctx.body = out;
    },
    features: {
      introspection: { enabled: true },
      revocation: { enabled: true },
      // Features for browsers and users are not needed.
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
    },
  });
  // Otherwise the engine would report each dropped connection on the console.
  provider.silent = true;
  registerClientCredentialsGrant(provider, directory);
  provider.use(logtoAnswers);
  provider.use(readTokenForm);
  return provider;
}

/** The adapter through which the engine reads the directory. It stores nothing, since JWT access tokens need not be. */
function directoryAdapter(model: string, directory: Directory): Adapter {
  return {
    async find(id) {
      if (model !== 'Client') return undefined;
      const { name, secret } = findApplication(directory, id);
      return {
        client_id: id,
        client_name: name,
        client_secret: secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      };
    },
    async findByUid() {},
    async findByUserCode() {},
    async upsert() {},
    async consume() {},
    async destroy() {},
    async revokeByGrantId() {},
  };
}

async function newKey(alg: SigningAlgorithm): Promise<JWK> {
  const { privateKey } =
    alg === 'ES384'
      ? await newKeyPair('ec', { namedCurve: 'P-384' })
      : // The RSA keys of Logto have 4096 bits; generating such a key takes seconds.
        await newKeyPair('rsa', { modulusLength: 2048 });
  return privateKey.export({ format: 'jwk' });
}
