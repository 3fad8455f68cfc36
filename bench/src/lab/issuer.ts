import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import type { Setting } from '../contestants/contestant.js';

export const AUDIENCE = 'https://shopping.api';
export const SCOPE = 'read:products';
export const APP = 'k0vq2m1xw8r5t7y9b3n4c';

/** An issuer with the keys, discovery document and claims of Logto. */
export class Issuer {
  /** The number of requests for the keys. */
  keyRequests = 0;
  /** The delay of its responses, in milliseconds. */
  distance = 0;

  private constructor(
    readonly alg: string,
    private readonly server: Server,
    private readonly privateKey: CryptoKey,
    private readonly publicJwk: JWK,
  ) {
    server.on('request', (req, res) => {
      const document = this.#document(req.url);
      res.statusCode = document === undefined ? 404 : 200;
      res.setHeader('content-type', 'application/json');
      const answer = () => res.end(JSON.stringify(document ?? { error: 'not_found' }));
      if (this.distance === 0) answer();
      else setTimeout(answer, this.distance);
    });
  }

  static async start(alg: string): Promise<Issuer> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = await exportJWK(publicKey);
    // Logto sets `alg` on its EC keys but not on its RSA keys.
    const named = {
      ...jwk,
      use: 'sig',
      kid: await calculateJwkThumbprint(jwk),
      ...(alg !== 'RS256' && { alg }),
    };
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Issuer(alg, server, privateKey, named);
  }

  get setting(): Setting {
    const endpoint = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    const issuer = `${endpoint}/oidc`;
    return {
      endpoint,
      issuer,
      jwksUri: `${issuer}/jwks`,
      audience: AUDIENCE,
      scope: SCOPE,
      alg: this.alg,
      jwks: { keys: [this.publicJwk] },
    };
  }

  /** Returns a token like those of Logto, with the given claims replaced. */
  token(claims: JWTPayload = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({
      jti: crypto.randomUUID().replaceAll('-', '').slice(0, 21),
      sub: APP,
      iat: now,
      exp: now + 7200,
      scope: SCOPE,
      client_id: APP,
      iss: this.setting.issuer,
      aud: AUDIENCE,
      ...claims,
    })
      .setProtectedHeader({ alg: this.alg, typ: 'at+jwt', kid: this.publicJwk.kid as string })
      .sign(this.privateKey);
  }

  /** Returns different tokens. */
  async tokens(count: number): Promise<string[]> {
    const tokens: string[] = [];
    while (tokens.length < count) {
      const batch = Math.min(500, count - tokens.length);
      tokens.push(...(await Promise.all(Array.from({ length: batch }, () => this.token()))));
    }
    return tokens;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  #document(url = ''): object | undefined {
    const { issuer, jwksUri, jwks } = this.setting;
    if (url === '/oidc/jwks') {
      this.keyRequests += 1;
      return jwks;
    }
    if (url !== '/oidc/.well-known/openid-configuration') return undefined;
    return {
      issuer,
      jwks_uri: jwksUri,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'client_credentials'],
      code_challenge_methods_supported: ['S256'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [this.alg],
    };
  }
}
