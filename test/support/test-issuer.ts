import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSigningKey, type SigningKey, signJws } from './signing.js';

/** The API that the tests protect. */
export const AUDIENCE = 'https://shopping.api';

/** An app of the tests. */
export const APP = 'k0vq2m1xw8r5t7y9b3n4c';

export const now = (): number => Math.floor(Date.now() / 1000);

export interface TokenParts {
  /** Members to add or replace; undefined takes one away. */
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly key?: SigningKey;
}

/** How the key endpoint answers. */
export type KeyAnswer = (res: ServerResponse) => void;

/** An issuer on loopback: a real HTTP server for its keys, which can be told to misbehave, and tokens signed by them. */
export class TestIssuer {
  /** Its keys, the first of which signs. */
  keys: SigningKey[];
  /** How often the keys were asked for. */
  keyRequests = 0;
  /** Replaces the usual answer. */
  answer: KeyAnswer | undefined;

  private constructor(
    private server: Server,
    readonly endpoint: string,
    alg: string,
  ) {
    this.keys = [createSigningKey(alg)];
  }

  static async start(alg = 'ES384'): Promise<TestIssuer> {
    const server = createServer();
    const port = await listen(server, 0);
    const issuer = new TestIssuer(server, `http://127.0.0.1:${port}`, alg);
    issuer.serve();
    return issuer;
  }

  get issuer(): string {
    return `${this.endpoint}/oidc`;
  }

  get key(): SigningKey {
    return this.keys[0] as SigningKey;
  }

  /** A token as Logto's, but for what is asked to be otherwise. */
  token({ claims = {}, header = {}, key = this.key }: TokenParts = {}): string {
    const payload = {
      jti: crypto.randomUUID(),
      sub: APP,
      iat: now(),
      exp: now() + 3600,
      scope: 'read:products',
      client_id: APP,
      iss: this.issuer,
      aud: AUDIENCE,
      ...claims,
    };
    return signJws({ alg: key.alg, typ: 'at+jwt', kid: key.kid, ...header }, payload, key);
  }

  /** Signs with a new key from now on; the previous one stays in the key set unless it is withdrawn. */
  rotate({ alg = 'ES384', keepPrevious = true } = {}): void {
    this.keys = [createSigningKey(alg), ...(keepPrevious ? [this.key] : [])];
  }

  /** Refuses connections until it comes back. */
  async goDown(): Promise<void> {
    if (!this.server.listening) return;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  async comeBack(): Promise<void> {
    this.server = createServer();
    this.serve();
    await listen(this.server, Number(new URL(this.endpoint).port));
  }

  stop(): Promise<void> {
    return this.goDown();
  }

  /** The usual answer. */
  sendKeys(res: ServerResponse): void {
    res.setHeader('content-type', 'application/jwk-set+json; charset=utf-8');
    res.setHeader('cache-control', 'no-cache, max-age=0, must-revalidate');
    res.end(JSON.stringify({ keys: this.keys.map(({ publicJwk }) => publicJwk) }));
  }

  /** Lets requests for the keys come and wait until they are released. */
  hold(): { readonly held: readonly ServerResponse[]; release(): void } {
    const held: ServerResponse[] = [];
    this.answer = (res) => held.push(res);
    const release = () => {
      this.answer = undefined;
      for (const res of held) this.sendKeys(res);
    };
    return { held, release };
  }

  private serve(): void {
    this.server.on('request', (req, res) => {
      if (req.url !== '/oidc/jwks') {
        res.writeHead(404).end();
        return;
      }
      this.keyRequests += 1;
      if (this.answer !== undefined) {
        this.answer(res);
        return;
      }
      this.sendKeys(res);
    });
  }
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
