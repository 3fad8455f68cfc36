import type { ServerResponse } from 'node:http';
import { afterAll, onTestFinished } from 'vitest';
import { LoopbackServer } from '../../src/testing/loopback-server.js';
import { sendKeySet } from '../../src/testing/responses.js';
import { APP, AUDIENCE, now } from './logto.js';
import { reservedPort } from './ports.js';
import { createSigningKey, type SigningKey, signJws } from './signing.js';

export interface TokenParts {
  /** Members to add or replace; undefined removes a member. */
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly key?: SigningKey;
}

/** Sends the response of the key endpoint. */
export type KeyAnswer = (res: ServerResponse) => void;

/**
 * An issuer that can behave as no Logto does: its key endpoint can send any response or none, its keys can be of any
 * kind, and its tokens can be invalid, for example with `alg: none`. All other tests use `startTestLogto`, the test
 * kit of the package, through `logto.ts`.
 */
export class TestIssuer {
  /** Its keys; the first key signs. */
  keys: SigningKey[];
  /** Replaces the normal response. */
  answer: KeyAnswer | undefined;
  /** The number of requests for the keys. */
  keyRequests = 0;
  readonly #server: LoopbackServer;

  private constructor(alg: string, port: number) {
    this.keys = [createSigningKey(alg)];
    this.#server = new LoopbackServer(port, (req, res) => {
      if (req.method !== 'GET' || req.url !== '/oidc/jwks') return void res.writeHead(404).end();
      this.keyRequests += 1;
      if (this.answer === undefined) this.sendKeys(res);
      else this.answer(res);
    });
  }

  static async start(alg = 'ES384'): Promise<TestIssuer> {
    const issuer = new TestIssuer(alg, await reservedPort());
    await issuer.comeBack();
    return issuer;
  }

  get endpoint(): string {
    return this.#server.endpoint;
  }

  get issuer(): string {
    return `${this.endpoint}/oidc`;
  }

  get key(): SigningKey {
    return this.keys[0] as SigningKey;
  }

  /** Signs a token like those of Logto; the options override its parts. */
  token({ claims = {}, header = {}, key = this.key }: TokenParts = {}): string {
    return signJws(this.header(header, key), this.claims(claims), key);
  }

  /** The header of such a token. */
  header(members: Record<string, unknown> = {}, key = this.key): Record<string, unknown> {
    return { alg: key.alg, typ: 'at+jwt', kid: key.kid, ...members };
  }

  /** The claims of such a token. */
  claims(members: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      jti: crypto.randomUUID(),
      sub: APP,
      iat: now(),
      exp: now() + 3600,
      scope: 'read:products',
      client_id: APP,
      iss: this.issuer,
      aud: AUDIENCE,
      ...members,
    };
  }

  /** Signs with a new key from now on; the previous one stays in the key set unless it is withdrawn. */
  rotate({ alg = 'ES384', keepPrevious = true } = {}): void {
    this.keys = [createSigningKey(alg), ...(keepPrevious ? [this.key] : [])];
  }

  /** Refuses connections until `comeBack` is called. */
  goDown(): Promise<void> {
    return this.#server.stop();
  }

  comeBack(): Promise<void> {
    return this.#server.start();
  }

  /** Sends the normal response. */
  sendKeys(res: ServerResponse): void {
    sendKeySet(res, this.keys);
  }

  /** Holds requests for the keys until `release` is called. */
  hold(): { readonly held: readonly ServerResponse[]; release(): void } {
    const held: ServerResponse[] = [];
    this.answer = (res) => held.push(res);
    const release = () => {
      this.answer = undefined;
      for (const res of held) this.sendKeys(res);
    };
    return { held, release };
  }
}

/** Starts an issuer for all tests of a file, and stops it after the last test. */
export async function sharedIssuer(): Promise<TestIssuer> {
  const issuer = await TestIssuer.start();
  afterAll(() => issuer.goDown());
  return issuer;
}

/** Starts an issuer for one test, and stops it after the test. */
export async function ownIssuer(): Promise<TestIssuer> {
  const issuer = await TestIssuer.start();
  onTestFinished(() => issuer.goDown());
  return issuer;
}
