import { generateKeyPair } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import express from 'express';
import type { Adapter, JWK, Provider as ProviderClass } from 'oidc-provider';
// The package's entry module writes a warning to the console on Node 20, where the engine runs well all the same.
// @ts-expect-error The package's types describe its entry module only.
import { Provider as UntypedProvider } from 'oidc-provider/lib/provider.js';
import { findApplication, registerClientCredentialsGrant, tokenClaims } from './client-credentials-grant.js';
import type { Directory } from './directory.js';
import { logtoAnswers } from './logto-answers.js';
import { readTokenForm } from './token-form.js';

const Provider: typeof ProviderClass = UntypedProvider;
const newKeyPair = promisify(generateKeyPair);

/** What Logto can be told to sign with: EC keys as it does by default, or RSA keys. */
export type SigningAlgorithm = 'ES384' | 'RS256';

/** A running stand-in for Logto. */
export interface LocalIssuer {
  /** Where it listens, without a trailing slash: what Logto calls the endpoint of a tenant. */
  endpoint: string;
  /** The `iss` of its tokens: `<endpoint>/oidc`. */
  issuer: string;
  /**
   * Rotates the signing key as an admin does, at once and without a warning to anybody: when this resolves, a new
   * key signs. The one before it stays in the key set, and no older one, so that whoever rotates twice ends the
   * tokens of the first key, expired or not.
   *
   * @param to The algorithm of the new key; by default that of the present one.
   */
  rotateKeys(to?: SigningAlgorithm): Promise<void>;
  /** Stops listening and ends all connections. */
  stop(): Promise<void>;
}

/**
 * Starts a stand-in for Logto on 127.0.0.1, for machine-to-machine apps only. It is built on the engine that Logto
 * itself runs on, and keeps nothing: its first keys are made at the start, and its apps are those of the directory.
 *
 * @param options.directory The tenant's data. It may be changed while the issuer runs; changes count at once.
 * @param options.port The port to listen on; by default a free one.
 * @param options.publicEndpoint Where a proxy before it is reached, if there is one: `issuer` is named after that.
 * @param options.signingKeys The algorithm that tokens are signed with: `ES384`, as Logto does by default, or
 *   `RS256`, as it does once an admin has rotated the keys to RSA (the key set shows the previous EC key too).
 */
export async function startLocalIssuer(options: {
  directory: Directory;
  port?: number;
  publicEndpoint?: string;
  signingKeys?: SigningAlgorithm;
}): Promise<LocalIssuer> {
  const { directory, port = 0, signingKeys = 'ES384' } = options;
  let alg: SigningAlgorithm = signingKeys;
  // The first one signs.
  let keys = [await newKey(alg), ...(alg === 'RS256' ? [await newKey('ES384')] : [])];

  // The issuer's name holds the port, so listening comes first.
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
      // The engine cannot change its keys. It stores nothing, so another one can take its place between two requests.
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
      // What serves browsers and people has no use here.
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
    },
  });
  // Otherwise each connection that a caller drops would be reported on the console.
  provider.silent = true;
  registerClientCredentialsGrant(provider, directory);
  provider.use(logtoAnswers);
  provider.use(readTokenForm);
  return provider;
}

/** The engine's view of the directory. It stores nothing: a JWT access token is not kept anywhere. */
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
      : // Logto's own have 4096 bits, which take seconds to make.
        await newKeyPair('rsa', { modulusLength: 2048 });
  return privateKey.export({ format: 'jwk' });
}
