import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import { createApp } from '../../example-server/app.js';
import { createShop, type Shop } from '../../example-server/shop/shop.js';
import {
  type AuthError,
  createLogtoAuth,
  type DeniedMessage,
  type LogtoAuth,
  type LogtoAuthOptions,
} from '../../src/index.js';
import { AUDIENCE } from '../support/logto.js';
import { exchange, type RawAnswer, rawRequest } from '../support/raw-http.js';
import { later } from '../support/result.js';
import { createSigningKey, type SigningKey } from '../support/signing.js';
import { TestIssuer } from '../support/test-issuer.js';
import type { Attack, ServerName } from './attack.js';

const DENIED = 'express-logto-m2m:denied';
const { fetch } = globalThis;

/** An organization that the example's shop knows. */
export const ORGANIZATION = 'tgqjike3k7pu';
export const OTHER_ORGANIZATION = 'w1h7qob3z0o3';

/** Where the attacks happen: the example's API over real HTTP, who it trusts, and who it must not. */
export class Lab {
  /** Trusted, with a key of each algorithm; signs with ES384 as Logto does. */
  readonly logto: TestIssuer;
  /** Trusted too, with a key of its own and one that has the same `kid` as Logto's. */
  readonly second: TestIssuer;
  /** The second's key with that `kid`. */
  readonly twin: SigningKey;
  /** A Logto like ours, of somebody else. */
  readonly foreign: TestIssuer;
  readonly attacker: Attacker;
  /** Logto's keys by what they are for; `RS256 only` is an RSA key that names its `alg`. */
  readonly keys: Record<'ES384' | 'ES256' | 'ES512' | 'RSA' | 'RS256 only' | 'dashed', SigningKey>;
  /** What the guards refused since `forget`. */
  readonly denied: AuthError[] = [];
  /** How often a handler reached for the shop's data since `forget`. */
  handled = 0;
  /** What was fetched by `fetch`, keys or others, since the lab was opened. */
  readonly fetched = new Set<string>();
  readonly #servers = new Map<ServerName, Server>();
  readonly #onDenied = (message: unknown) => {
    this.denied.push((message as DeniedMessage).error);
  };

  private constructor(logto: TestIssuer, second: TestIssuer, foreign: TestIssuer, attacker: Attacker) {
    this.logto = logto;
    this.second = second;
    this.foreign = foreign;
    this.attacker = attacker;
    const named = createSigningKey('RS256');
    this.keys = {
      ES384: logto.key,
      ES256: createSigningKey('ES256'),
      ES512: createSigningKey('ES512'),
      RSA: createSigningKey('RS256'),
      'RS256 only': { ...named, publicJwk: { ...named.publicJwk, alg: 'RS256' } },
      dashed: createSigningKey('ES384', { kid: '-_-8J0-M4Bq0s3oF0XlU3T9fVnJcO4b2gI6xY1wKzE' }),
    };
    logto.keys = Object.values(this.keys);
    this.twin = createSigningKey('ES384', { kid: logto.key.kid });
    second.keys = [second.key, this.twin];
  }

  static async start(): Promise<Lab> {
    const [logto, second, foreign, attacker] = await Promise.all([
      TestIssuer.start(),
      TestIssuer.start(),
      TestIssuer.start(),
      Attacker.start(),
    ]);
    const lab = new Lab(logto, second, foreign, attacker);
    globalThis.fetch = (address, init) => {
      lab.fetched.add(String(address));
      return fetch(address, init);
    };
    await lab.#serve('shop', lab.createApp());
    await lab.#serve('replica', lab.createApp());
    await lab.#serve('disguise', disguised(lab.createApp()));
    subscribe(DENIED, lab.#onDenied);
    return lab;
  }

  async stop(): Promise<void> {
    globalThis.fetch = fetch;
    unsubscribe(DENIED, this.#onDenied);
    for (const server of this.#servers.values()) server.close().closeAllConnections();
    await Promise.all([this.logto, this.second, this.foreign].map((issuer) => issuer.goDown()));
    this.attacker.stop();
  }

  /** The example's API, with an instance of its own, whose every handler is noticed. */
  createApp(options: LogtoAuthOptions = {}): Express {
    return createApp(
      this.createAuth(options),
      watched(createShop(), () => (this.handled += 1)),
    );
  }

  createAuth(options: LogtoAuthOptions = {}): LogtoAuth {
    const endpoint = [this.logto.endpoint, this.second.endpoint];
    return createLogtoAuth({ endpoint, audience: AUDIENCE, ...options });
  }

  /** The addresses of the keys that the API may fetch. */
  get trusted(): string[] {
    return [this.logto, this.second].map(({ issuer }) => `${issuer}/jwks`);
  }

  /** Serves an app beside those that the attacks know, until the lab stops. Gives its port. */
  async serve(app: RequestListener): Promise<number> {
    return this.#serve(`another ${this.#servers.size}` as ServerName, app);
  }

  portOf(name: ServerName): number {
    const server = this.#servers.get(name) as Server;
    return (server.address() as AddressInfo).port;
  }

  /** Sends what an attack sends, on a connection of its own. */
  async send(attack: Omit<Attack, 'name' | 'reference' | 'expected'>): Promise<Sent> {
    const token = attack.token?.(this) ?? this.logto.token();
    const headers = attack.headers?.(token, this) ?? [`Authorization: Bearer ${token}`];
    const body = attack.body?.(token, this) ?? '';
    const { at = 'GET /products' } = attack;
    const target = typeof at === 'string' ? at : at(token);
    const lines = [`${target} HTTP/1.1`, 'Host: shop.example', 'Connection: close', ...headers];
    if (body !== '') lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
    this.forget();
    const answer = await exchange(this.portOf(attack.server ?? 'shop'), rawRequest(lines, body));
    return { token, target, answer };
  }

  /** Begins anew, and so late that a made-up key id is asked for at once. */
  forget(): void {
    later(5);
    this.denied.length = 0;
    this.handled = 0;
  }

  async #serve(name: ServerName, app: RequestListener): Promise<number> {
    const server = createServer({ keepAliveTimeout: 60_000 }, app);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#servers.set(name, server);
    return this.portOf(name);
  }
}

export interface Sent {
  readonly token: string;
  /** Method and target. */
  readonly target: string;
  readonly answer: RawAnswer;
}

/** Has a server that looks like a Logto, with keys whose private halves it holds: it must never be asked. */
export class Attacker {
  readonly keys = { ES384: createSigningKey('ES384'), RSA: createSigningKey('RS256') };
  /** How often somebody has connected. */
  calls = 0;
  readonly #server: Server;

  private constructor() {
    const jwks = { keys: Object.values(this.keys).map(({ publicJwk }) => publicJwk) };
    this.#server = createServer((_req, res) => res.end(JSON.stringify(jwks)));
    this.#server.on('connection', () => {
      this.calls += 1;
    });
  }

  static async start(): Promise<Attacker> {
    const attacker = new Attacker();
    attacker.#server.listen(0, '127.0.0.1');
    await once(attacker.#server, 'listening');
    return attacker;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.close().closeAllConnections();
  }
}

function disguised(app: Express): Express {
  return express()
    .use((req, _res, next) => {
      const everything = ['read:products', 'write:products', 'delete:products', 'read:orders'];
      Object.assign(req, { auth: { clientId: 'admin', isMachine: true, scopes: everything } });
      next();
    })
    .use(app);
}

/** The shop, and notice of whatever is done with its data. */
function watched(shop: Shop, notice: () => void): Shop {
  const watch = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (_, name) => {
        notice();
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  return {
    catalogue: watch(shop.catalogue),
    orders: watch(shop.orders),
    organizations: watch(shop.organizations),
  };
}
