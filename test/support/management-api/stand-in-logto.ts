import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response } from 'express';
import type { Application, Directory } from '../../local-issuer/directory.js';
import { type LocalIssuer, startLocalIssuer } from '../../local-issuer/local-issuer.js';
import { directoryOf } from './directory.js';
import { application, organization, resource, secretOf } from './entries.js';
import { serveManagementApi } from './management-api.js';
import { seed, seedAsRecorded } from './seeds.js';
import { type Entry, State } from './state.js';

export interface StandInOptions {
  /** Use the tenant of the recorded calls; the default is a new tenant with an app for the Management API. */
  readonly recorded?: boolean;
  /** The next ids to assign, in this order; further ids are random. */
  readonly ids?: readonly string[];
  /** The host of the endpoint; the server always listens on 127.0.0.1. */
  readonly host?: string;
}

/**
 * A stand-in for Logto with its Management API, which keeps state and responds as the recorded Logto did. It forwards
 * `/oidc` to a local issuer, as a proxy does. Its tokens contain the permissions that the tenant grants.
 */
export class StandInLogto {
  readonly state = new State();
  readonly directory: Directory = {
    resources: [],
    organizationPermissions: [],
    organizations: [],
    applications: [],
  };
  /** The requests to the Management API: method, path and query. */
  readonly requests: string[] = [];
  /** The number of changes that succeed; the response to the next one is lost, since the connection breaks. */
  changesUntilBreak = Number.POSITIVE_INFINITY;
  /** Runs before each call of the Management API, and may respond instead. */
  intercept: (req: Request, res: Response) => void | Promise<void> = () => {};
  endpoint = '';

  readonly #ids: string[];
  #logto: LocalIssuer | undefined;
  #server: Server | undefined;

  private constructor({ recorded = false, ids = [] }: StandInOptions) {
    this.#ids = [...ids];
    if (recorded) seedAsRecorded(this.state);
    else seed(this.state);
    this.#tellIssuer();
  }

  static async start(options: StandInOptions = {}): Promise<StandInLogto> {
    const logto = new StandInLogto(options);
    // The issuer name contains the port, so the server must listen first.
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    logto.#server = server;
    logto.endpoint = `http://${options.host ?? '127.0.0.1'}:${port}`;
    const { directory, endpoint: publicEndpoint } = logto;
    logto.#logto = await startLocalIssuer({ directory, publicEndpoint });
    server.on('request', logto.#createApp(logto.#logto));
    return logto;
  }

  async stop(): Promise<void> {
    await this.#logto?.stop();
    const server = this.#server;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** Returns the app with this name and its credentials. */
  app(name = 'management-service'): Application {
    const found = this.directory.applications.find((one) => one.name === name);
    if (found === undefined) throw new Error(`There is no app ${name}.`);
    return found;
  }

  /** Adds an app, as an admin does in the Console. */
  addApp(name: string, type = 'MachineToMachine'): Entry {
    const entry = application(this.#newId(), { name, type });
    this.state.applications.push(entry);
    this.state.secrets.push(secretOf(entry.id));
    this.#tellIssuer();
    return entry;
  }

  addOrganization(name: string): Entry {
    const entry = organization(this.#newId(12), { name });
    this.change(() => this.state.organizations.push(entry));
    return entry;
  }

  addResource(name: string, indicator: string): Entry {
    const entry = resource(this.#newId(), { name, indicator });
    this.change(() => this.state.resources.push(entry));
    return entry;
  }

  /** Changes the state, as an admin does in the Console. */
  change(change: () => void): void {
    change();
    this.#tellIssuer();
  }

  #newId(length = 21): string {
    const next = this.#ids.shift();
    return next ?? [...randomBytes(length)].map((byte) => (byte % 36).toString(36)).join('');
  }

  /** Updates the directory of the issuer, so that its tokens contain what the tenant grants. */
  #tellIssuer(): void {
    Object.assign(this.directory, directoryOf(this.state));
  }

  #createApp({ endpoint, issuer }: LocalIssuer) {
    const app = express().disable('x-powered-by').disable('etag');
    app.use('/oidc', (req, res) => forward(req, res, endpoint));
    app.use(async (req, res, next) => {
      this.requests.push(`${req.method} ${req.originalUrl}`);
      await this.intercept(req, res);
      if (!res.headersSent) next();
    });
    const tenant = { state: this.state, newId: (length?: number) => this.#newId(length) };
    serveManagementApi(app, tenant, {
      issuer: { issuer, jwksUri: `${endpoint}/oidc/jwks` },
      watch: (req, res, next) => this.#watch(req, res, next),
    });
    return app;
  }

  /** Passes changes on to the issuer, and breaks the connection after `changesUntilBreak` changes. */
  #watch(_req: Request, res: Response, next: NextFunction): void {
    const before = JSON.stringify(this.state);
    const end = res.end.bind(res);
    Object.assign(res, {
      end: (...args: Parameters<typeof end>) => {
        if (JSON.stringify(this.state) === before) return end(...args);
        this.#tellIssuer();
        this.changesUntilBreak -= 1;
        return this.changesUntilBreak < 0 ? res.socket?.destroy() : end(...args);
      },
    });
    next();
  }
}

/** Forwards a request as a reverse proxy does. */
function forward(req: Request, res: Response, endpoint: string): void {
  const { method, headers } = req;
  const upstream = httpRequest(`${endpoint}${req.originalUrl}`, { method, headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(res);
  });
  upstream.on('error', () => res.destroy());
  req.pipe(upstream);
}
