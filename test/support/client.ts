import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import {
  createM2MClient,
  type M2MClient,
  type M2MClientError,
  type M2MClientOptions,
} from '../../src/client/index.js';
import type { Application, Directory } from '../local-issuer/directory.js';
import { shopDirectory } from '../local-issuer/directory.js';
import { type LocalIssuer, startLocalIssuer } from '../local-issuer/local-issuer.js';
import { reservedPort } from './ports.js';

export const API = 'https://shopping.api';

/** The local issuer with a counter of token requests; it can be stopped and restarted on its port. */
export class TokenIssuer {
  readonly directory: Directory = shopDirectory();
  tokenRequests = 0;

  private constructor(private logto: LocalIssuer | undefined) {}

  static async start(): Promise<TokenIssuer> {
    const issuer = new TokenIssuer(undefined);
    issuer.logto = await startLocalIssuer({ directory: issuer.directory, port: await reservedPort() });
    issuer.endpoint = issuer.logto.endpoint;
    return issuer;
  }

  endpoint = '';

  app(name = 'statistics-service'): Application {
    const found = this.directory.applications.find((one) => one.name === name);
    if (found === undefined) throw new Error(`There is no app ${name}.`);
    return found;
  }

  /** Sets the lifetime of new tokens, in seconds. */
  set lifetime(seconds: number) {
    for (const resource of this.directory.resources) resource.accessTokenTtl = seconds;
  }

  /** A client with the credentials of this app, whose token requests are counted. */
  client(options: Partial<M2MClientOptions> = {}, name?: string): M2MClient {
    const { id, secret } = this.app(name);
    return createM2MClient({
      endpoint: this.endpoint,
      appId: id,
      appSecret: secret,
      resource: API,
      scopes: ['read:products'],
      fetch: (...args) => {
        if (String(args[0]).startsWith(this.endpoint)) this.tokenRequests += 1;
        return fetch(...args);
      },
      ...options,
    } as M2MClientOptions);
  }

  async goDown(): Promise<void> {
    await this.logto?.stop();
    this.logto = undefined;
  }

  async comeBack(): Promise<void> {
    this.logto = await startLocalIssuer({
      directory: this.directory,
      port: Number(new URL(this.endpoint).port),
    });
  }

  stop(): Promise<void> {
    return this.goDown();
  }
}

/** A token response of Logto, for clients with a scripted `fetch`. */
export const grant = (answer: object = {}): Response =>
  Response.json({ access_token: 'a.b.c', token_type: 'Bearer', expires_in: 3600, ...answer });

/** A client that uses this function as its `fetch`; the function receives the number of the request, from 1. */
export function scripted(
  answer: (request: number, init: RequestInit) => unknown,
  options: Partial<M2MClientOptions> = {},
): { readonly client: M2MClient; readonly requests: () => number } {
  let requests = 0;
  const client = createM2MClient({
    endpoint: 'https://tenant.logto.app',
    appId: 'app',
    appSecret: 'the-secret-of-the-app',
    resource: API,
    fetch: (async (_url: string, init: RequestInit) => {
      requests += 1;
      return answer(requests, init);
    }) as typeof fetch,
    ...options,
  } as M2MClientOptions);
  return { client, requests: () => requests };
}

/** The error of a rejected promise; undefined if the promise is fulfilled. */
export const failureOf = (promise: Promise<unknown>): Promise<M2MClientError | undefined> =>
  promise.then(
    () => undefined,
    (error) => error,
  );

/** The messages on a diagnostics channel during this work. */
export async function heard<Message>(channel: string, work: () => Promise<unknown>): Promise<Message[]> {
  const messages: Message[] = [];
  const listen = (message: unknown) => void messages.push(message as Message);
  subscribe(channel, listen);
  try {
    await work();
  } finally {
    unsubscribe(channel, listen);
  }
  return messages;
}

/** A server that responds with this function and records its requests. */
export class Recorder {
  readonly requests: IncomingMessage[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(answer: RequestListener): Promise<Recorder> {
    const server = createServer();
    const port = await reservedPort();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const recorder = new Recorder(server, `http://127.0.0.1:${port}`);
    server.on('request', (req, res) => {
      recorder.requests.push(req);
      answer(req, res);
    });
    return recorder;
  }

  /** The Authorization header of each request. */
  get credentials(): (string | undefined)[] {
    return this.requests.map(({ headers }) => headers.authorization);
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}
