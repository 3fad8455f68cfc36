import type { ServerResponse } from 'node:http';
import { afterAll, onTestFinished } from 'vitest';
import { sendKeySet } from '../../src/testing/answers.js';
import { LoopbackServer } from '../../src/testing/loopback-server.js';
import { APP, AUDIENCE, now } from './logto.js';
import { createSigningKey, type SigningKey, signJws } from './signing.js';

export interface TokenParts {
  /** Members to add or replace; undefined takes one away. */
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
  readonly key?: SigningKey;
}

/** How the key endpoint answers. */
export type KeyAnswer = (res: ServerResponse) => void;

/**
 * What no Logto does: a key endpoint that answers whatever it is told to, or keeps its callers waiting; keys that are
 * none of Logto's; tokens that no library would sign, as with `alg: none`. For everything else, ordinary tokens,
 * rotation, Logto down and back, the tests use what the package gives to its users: `startTestLogto`, by `logto.ts`.
 */
export class TestIssuer {
  /** Its keys, the first of which signs. */
  keys: SigningKey[];
  /** Replaces the usual answer. */
  answer: KeyAnswer | undefined;
  /** How often the keys were asked for. */
  keyRequests = 0;
  readonly #server = new LoopbackServer(0, (req, res) => {
    if (req.method !== 'GET' || req.url !== '/oidc/jwks') return void res.writeHead(404).end();
    this.keyRequests += 1;
    if (this.answer === undefined) this.sendKeys(res);
    else this.answer(res);
  });

  private constructor(alg: string) {
    this.keys = [createSigningKey(alg)];
  }

  static async start(alg = 'ES384'): Promise<TestIssuer> {
    const issuer = new TestIssuer(alg);
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

  /** A token as Logto's, but for what is asked to be otherwise. */
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

  /** Refuses connections until it comes back. */
  goDown(): Promise<void> {
    return this.#server.stop();
  }

  comeBack(): Promise<void> {
    return this.#server.start();
  }

  /** The usual answer. */
  sendKeys(res: ServerResponse): void {
    sendKeySet(res, this.keys);
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
}

/** The one of a whole file, started outside of its tests, and stopped behind the last. */
export async function sharedIssuer(): Promise<TestIssuer> {
  const issuer = await TestIssuer.start();
  afterAll(() => issuer.goDown());
  return issuer;
}

/** The one of a single test, started in it or before it, and stopped behind it. */
export async function ownIssuer(): Promise<TestIssuer> {
  const issuer = await TestIssuer.start();
  onTestFinished(() => issuer.goDown());
  return issuer;
}
