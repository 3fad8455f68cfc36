import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response } from 'express';
import type { Application, Directory } from '../../example-server/local-issuer/directory.js';
import { type LocalIssuer, startLocalIssuer } from '../../example-server/local-issuer/local-issuer.js';
import { type AuthError, createLogtoAuth } from '../../src/index.js';

/** A call of the Management API, as a real Logto answered it. */
export interface RecordedCall {
  readonly method: string;
  readonly path: string;
  readonly request?: Record<string, unknown>;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly response: unknown;
}

export const recordedCalls: readonly RecordedCall[] = JSON.parse(
  readFileSync(new URL('../fixtures/logto/management-api.json', import.meta.url), 'utf8'),
);

const MANAGEMENT_API = 'https://default.logto.app/api';
const tenantId = 'default';

type Entry = { id: string; name: string } & Record<string, unknown>;
type Pair = readonly [owner: string, member: string];

interface Secret {
  tenantId: string;
  applicationId: string;
  name: string;
  value: string;
  createdAt: number;
  expiresAt: number | null;
}

/** All that the tenant holds. */
class State {
  resources: Entry[] = [];
  scopes: Entry[] = [];
  roles: Entry[] = [];
  roleScopes: Pair[] = [];
  roleApps: Pair[] = [];
  applications: Entry[] = [];
  secrets: Secret[] = [];
  organizations: Entry[] = [];
  organizationApps: Pair[] = [];
  /** An app's roles in an organization: the owner is `organization app`. */
  organizationAppRoles: Pair[] = [];
  organizationScopes: Entry[] = [];
  organizationRoles: Entry[] = [];
  organizationRoleScopes: Pair[] = [];
  organizationRoleResourceScopes: Pair[] = [];
}

/** An answer that is no success, with what Logto says. */
class Refused extends Error {
  constructor(
    readonly status: number,
    readonly body: { code: string; message: string } & Record<string, unknown>,
  ) {
    super(body.message);
  }
}

export interface StandInOptions {
  /** The tenant as it was when the calls were recorded; otherwise a new one, with an app for the Management API. */
  readonly recorded?: boolean;
  /** The ids that are given next, in this order; otherwise random ones. */
  readonly ids?: readonly string[];
}

/**
 * A Logto with its Management API, which keeps state and answers as the recorded one. It is one address, with the
 * example's issuer behind `/oidc`, as behind a proxy: `iss` is `issuer`. What is granted in it, its tokens hold.
 */
export class StandInLogto {
  readonly state = new State();
  readonly directory: Directory = {
    resources: [],
    organizationPermissions: [],
    organizations: [],
    applications: [],
  };
  /** What was asked of the Management API: method, path and query. */
  readonly requests: string[] = [];
  /** After so many changes the connection breaks, and the answer to the last of them is lost. */
  changesUntilBreak = Number.POSITIVE_INFINITY;
  endpoint = '';
  issuer = '';

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
    logto.#logto = await startLocalIssuer({ directory: logto.directory });
    logto.issuer = logto.#logto.issuer;
    const server = createServer(logto.#createApp(logto.#logto.endpoint));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    logto.#server = server;
    logto.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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

  /** The credentials of an app, by its name. */
  app(name = 'management-service'): Application {
    const found = this.directory.applications.find((one) => one.name === name);
    if (found === undefined) throw new Error(`There is no app ${name}.`);
    return found;
  }

  /** Puts an app there, as an admin would in the Console. */
  addApp(name: string, type = 'MachineToMachine'): Entry {
    const entry = application(this.#newId(), { name, type });
    this.state.applications.push(entry);
    this.state.secrets.push(secretOf(entry.id));
    this.#tellIssuer();
    return entry;
  }

  addOrganization(name: string): Entry {
    const entry = organization(this.#newId(12), { name });
    this.state.organizations.push(entry);
    this.#tellIssuer();
    return entry;
  }

  #newId(length = 21): string {
    const next = this.#ids.shift();
    return next ?? [...randomBytes(length)].map((byte) => (byte % 36).toString(36)).join('');
  }

  /** The tokens that the issuer gives hold what the tenant grants. */
  #tellIssuer(): void {
    const { state, directory } = this;
    const scopesAt = (ids: readonly string[]) => {
      const grants: Record<string, string[]> = {};
      for (const { indicator, id } of state.resources) {
        const names = state.scopes.filter((one) => one['resourceId'] === id && ids.includes(one.id));
        if (names.length > 0) grants[String(indicator)] = names.map(({ name }) => name);
      }
      return grants;
    };
    directory.resources = state.resources.map(({ id, indicator }) => ({
      indicator: String(indicator),
      scopes: state.scopes.filter(({ resourceId }) => resourceId === id).map(({ name }) => name),
      accessTokenTtl: 3600,
    }));
    directory.organizationPermissions = state.organizationScopes.map(({ name }) => name);
    directory.organizations = state.organizations.map(({ id, name }) => ({ id, name }));
    directory.applications = state.applications.map(({ id, name }) => ({
      id,
      name,
      secret: state.secrets.find(({ applicationId }) => applicationId === id)?.value ?? '',
      grants: scopesAt(ownersOf(state.roleApps, id).flatMap((role) => membersOf(state.roleScopes, role))),
      organizations: Object.fromEntries(
        ownersOf(state.organizationApps, id).map((org) => {
          const roles = membersOf(state.organizationAppRoles, `${org} ${id}`);
          const ids = roles.flatMap((role) => membersOf(state.organizationRoleScopes, role));
          const permissions = state.organizationScopes.filter((one) => ids.includes(one.id));
          return [
            org,
            {
              permissions: permissions.map((one) => one.name),
              grants: scopesAt(
                roles.flatMap((role) => membersOf(state.organizationRoleResourceScopes, role)),
              ),
            },
          ];
        }),
      ),
    }));
  }

  #createApp(issuerEndpoint: string) {
    const { state } = this;
    const app = express().disable('x-powered-by').disable('etag');
    app.use('/oidc', (req, res) => forward(req, res, issuerEndpoint));

    const { requireScopes } = createLogtoAuth({
      endpoint: issuerEndpoint,
      audience: MANAGEMENT_API,
      onError: answerAsLogto,
    });
    app.use('/api', (req, _res, next) => {
      this.requests.push(`${req.method} ${req.originalUrl}`);
      next();
    });
    app.use('/api', requireScopes('all'), express.json(), (req, res, next) => this.#watch(req, res, next));

    app.get('/api/resources', (req, res) => {
      const entries = byId(state.resources).map((one) =>
        req.query['includeScopes'] === 'true'
          ? { ...one, scopes: byId(state.scopes.filter(({ resourceId }) => resourceId === one.id)) }
          : one,
      );
      sendPage(req, res, entries);
    });
    app.post('/api/resources', (req, res) => {
      const { name, indicator } = bodyOf(req, ['name', 'indicator']);
      if (name === '') throw tooShort('name');
      refuseWhere(
        state.resources.some((one) => one['indicator'] === indicator),
        422,
        'resource.resource_identifier_in_use',
        `The API identifier ${indicator} is already in use`,
      );
      const entry = resource(this.#newId(), { name, indicator });
      state.resources.push(entry);
      res.status(201).json({ ...entry, scopes: [] });
    });
    app.get('/api/resources/:id/scopes', (req, res) => {
      const { id } = existing(state.resources, req.params.id, 'resources');
      sendPage(req, res, byId(state.scopes.filter(({ resourceId }) => resourceId === id)));
    });
    app.post('/api/resources/:id/scopes', (req, res) => {
      const { id: resourceId } = existing(state.resources, req.params.id, 'resources');
      const { name, description } = bodyOf(req, ['name'], ['description']);
      refuseWhere(
        name.includes(' '),
        400,
        'scope.name_with_space',
        'The name of the scope cannot contain any spaces.',
      );
      refuseWhere(
        state.scopes.some((one) => one['resourceId'] === resourceId && one.name === name),
        422,
        'scope.name_exists',
        `The scope name ${name} is already in use`,
      );
      const entry = scope(this.#newId(), resourceId, { name, description });
      state.scopes.push(entry);
      res.status(201).json(entry);
    });

    app.get('/api/roles', (req, res) => {
      const { type } = req.query;
      const entries = state.roles
        .filter((one) => type === undefined || one['type'] === type)
        .map((one) => {
          const apps = membersOf(state.roleApps, one.id);
          const featured = state.applications.filter(({ id }) => apps.includes(id));
          return {
            ...one,
            usersCount: 0,
            featuredUsers: [],
            applicationsCount: apps.length,
            featuredApplications: featured.map(({ id, name, type }) => ({ id, name, type })),
          };
        });
      sendPage(req, res, entries);
    });
    app.post('/api/roles', (req, res) => {
      const { name, description, type, scopeIds } = bodyOf(req, ['name', 'description', 'type', 'scopeIds']);
      refuseWhere(
        state.roles.some((one) => one.name === name),
        422,
        'role.name_in_use',
        `This role name ${name} is already in use`,
      );
      known(state.scopes, scopeIds);
      const entry = role(this.#newId(), { name, description, type });
      state.roles.push(entry);
      for (const id of scopeIds) state.roleScopes.push([entry.id, id]);
      res.json(entry);
    });
    const scopesOfRole = (id: string) => {
      const ids = membersOf(state.roleScopes, id);
      return byId(state.scopes.filter((one) => ids.includes(one.id)));
    };
    app.get('/api/roles/:id/scopes', (req, res) => {
      const { id } = existing(state.roles, req.params.id, 'roles');
      const entries = scopesOfRole(id).map((one) => ({
        ...one,
        resource: state.resources.find((candidate) => candidate.id === one['resourceId']),
      }));
      sendPage(req, res, entries);
    });
    app.post('/api/roles/:id/scopes', (req, res) => {
      const { id } = existing(state.roles, req.params.id, 'roles');
      const { scopeIds } = bodyOf(req, ['scopeIds']);
      known(state.scopes, scopeIds);
      const twice = membersOf(state.roleScopes, id).find((one) => scopeIds.includes(one));
      refuseWhere(
        twice !== undefined,
        422,
        'role.scope_exists',
        `The scope id ${twice} has already been added to this role`,
      );
      for (const one of scopeIds) state.roleScopes.push([id, one]);
      res.status(201).json(scopesOfRole(id));
    });
    app.post('/api/roles/:id/applications', (req, res) => {
      const { id } = existing(state.roles, req.params.id, 'roles');
      const { applicationIds } = bodyOf(req, ['applicationIds']);
      known(state.applications, applicationIds);
      // Logto's own slip: it never fills the name in.
      refuseWhere(
        membersOf(state.roleApps, id).some((one) => applicationIds.includes(one)),
        422,
        'role.application_exists',
        'The application id {{applicationId}} is already been added to this role',
      );
      for (const one of applicationIds) state.roleApps.push([id, one]);
      sendCreated(res);
    });

    app.get('/api/applications', (req, res) => {
      const { types } = req.query;
      const entries = state.applications.filter((one) => types === undefined || one['type'] === types);
      sendPage(req, res, entries.reverse());
    });
    app.post('/api/applications', (req, res) => {
      const entry = application(this.#newId(), bodyOf(req, ['name', 'type'], ['description']));
      state.applications.push(entry);
      state.secrets.push(secretOf(entry.id));
      res.json(entry);
    });
    app.get('/api/applications/:id/secrets', (req, res) => {
      const { id } = existing(state.applications, req.params.id, 'applications');
      res.json(state.secrets.filter(({ applicationId }) => applicationId === id));
    });
    app.get('/api/applications/:id/roles', (req, res) => {
      const { id } = existing(state.applications, req.params.id, 'applications');
      const ids = ownersOf(state.roleApps, id);
      sendPage(
        req,
        res,
        state.roles.filter((one) => ids.includes(one.id)),
      );
    });

    this.#serveOrganizations(app);
    this.#serveRemovals(app);

    app.use('/api', (_req, _res, next) =>
      next(new Refused(404, { code: 'not_found', message: 'Not found' })),
    );
    app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
      if (error instanceof Refused) res.status(error.status).json(error.body);
      else next(error);
    });
    return app;
  }

  #serveOrganizations(app: express.Express): void {
    const { state } = this;
    app.get('/api/organization-scopes', (req, res) => sendPage(req, res, byId(state.organizationScopes)));
    app.post('/api/organization-scopes', (req, res) => {
      const { name, description } = bodyOf(req, ['name'], ['description']);
      unique(state.organizationScopes, name);
      const entry = { tenantId, id: this.#newId(), name, description };
      state.organizationScopes.push(entry);
      res.status(201).json(entry);
    });
    // These three lists were not recorded; their form is that of the types of @logto/api.
    app.get('/api/organization-roles', (req, res) => {
      const named = ({ id, name }: Entry) => ({ id, name });
      const entries = byId(state.organizationRoles).map((one) => ({
        ...one,
        scopes: those(state.organizationScopes, membersOf(state.organizationRoleScopes, one.id)).map(named),
        resourceScopes: those(state.scopes, membersOf(state.organizationRoleResourceScopes, one.id)).map(
          (its) => ({
            ...named(its),
            resource: those(state.resources, [String(its['resourceId'])]).map(named)[0],
          }),
        ),
      }));
      sendPage(req, res, entries);
    });
    app.get('/api/organization-roles/:id/scopes', (req, res) => {
      const { id } = existing(state.organizationRoles, req.params.id, 'organization_roles');
      sendPage(req, res, those(state.organizationScopes, membersOf(state.organizationRoleScopes, id)));
    });
    app.get('/api/organization-roles/:id/resource-scopes', (req, res) => {
      const { id } = existing(state.organizationRoles, req.params.id, 'organization_roles');
      sendPage(req, res, those(state.scopes, membersOf(state.organizationRoleResourceScopes, id)));
    });
    app.post('/api/organization-roles', (req, res) => {
      const body = bodyOf(req, ['name', 'description', 'type', 'organizationScopeIds', 'resourceScopeIds']);
      const { name, description, type, organizationScopeIds, resourceScopeIds } = body;
      unique(state.organizationRoles, name);
      known(state.organizationScopes, organizationScopeIds);
      known(state.scopes, resourceScopeIds);
      const entry = { tenantId, id: this.#newId(), name, description, type };
      state.organizationRoles.push(entry);
      addPairs(state.organizationRoleScopes, entry.id, organizationScopeIds);
      addPairs(state.organizationRoleResourceScopes, entry.id, resourceScopeIds);
      res.status(201).json(entry);
    });
    app.post('/api/organization-roles/:id/scopes', (req, res) => {
      const { id } = existing(state.organizationRoles, req.params.id, 'organization_roles');
      const { organizationScopeIds } = bodyOf(req, ['organizationScopeIds']);
      known(state.organizationScopes, organizationScopeIds);
      addPairs(state.organizationRoleScopes, id, organizationScopeIds);
      sendCreated(res);
    });
    app.post('/api/organization-roles/:id/resource-scopes', (req, res) => {
      const { id } = existing(state.organizationRoles, req.params.id, 'organization_roles');
      const { scopeIds } = bodyOf(req, ['scopeIds']);
      known(state.scopes, scopeIds);
      addPairs(state.organizationRoleResourceScopes, id, scopeIds);
      sendCreated(res);
    });

    app.get('/api/organizations', (req, res) => sendPage(req, res, byId(state.organizations)));
    app.post('/api/organizations', (req, res) => {
      const entry = organization(this.#newId(12), bodyOf(req, ['name'], ['description']));
      state.organizations.push(entry);
      res.status(201).json(entry);
    });
    app.post('/api/organizations/:id/applications', (req, res) => {
      const { id } = existing(state.organizations, req.params.id, 'organizations');
      const { applicationIds } = bodyOf(req, ['applicationIds']);
      known(state.applications, applicationIds);
      addPairs(state.organizationApps, id, applicationIds);
      sendCreated(res);
    });
    const path = '/api/organizations/:id/applications/:applicationId/roles';
    app.get(path, (req, res) => {
      const owner = this.#membership(req.params);
      sendPage(req, res, those(state.organizationRoles, membersOf(state.organizationAppRoles, owner)));
    });
    app.post(path, (req, res) => {
      const owner = this.#membership(req.params);
      const { organizationRoleIds } = bodyOf(req, ['organizationRoleIds']);
      known(state.organizationRoles, organizationRoleIds);
      addPairs(state.organizationAppRoles, owner, organizationRoleIds);
      sendCreated(res);
    });
  }

  #membership({ id, applicationId }: { id: string; applicationId: string }): string {
    existing(this.state.organizations, id, 'organizations');
    refuseWhere(
      !membersOf(this.state.organizationApps, id).includes(applicationId),
      422,
      'organization.require_membership',
      'The user must be a member of the organization to proceed.',
    );
    return `${id} ${applicationId}`;
  }

  #serveRemovals(app: express.Express): void {
    const { state } = this;
    const tables = {
      resources: 'resources',
      roles: 'roles',
      applications: 'applications',
      organizations: 'organizations',
      'organization-roles': 'organizationRoles',
      'organization-scopes': 'organizationScopes',
    } as const;
    for (const [path, table] of Object.entries(tables)) {
      app.delete(`/api/${path}/:id`, (req, res) => {
        const { id } = existing(state[table], String(req.params['id']), path.replace('-', '_'));
        state[table] = state[table].filter((one) => one.id !== id);
        if (table === 'resources') state.scopes = state.scopes.filter((one) => one['resourceId'] !== id);
        if (table === 'applications') state.secrets = state.secrets.filter((one) => one.applicationId !== id);
        res.status(204).end();
      });
    }
  }

  /** Tells the issuer what was changed, and breaks off where it shall. */
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

/** As a reverse proxy does. */
function forward(req: Request, res: Response, endpoint: string): void {
  const { method, headers } = req;
  const upstream = httpRequest(`${endpoint}${req.originalUrl}`, { method, headers }, (answer) => {
    res.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(res);
  });
  upstream.on('error', () => res.destroy());
  req.pipe(upstream);
}

function answerAsLogto({ reason }: AuthError, _req: unknown, res: Response): void {
  const bodies: Record<string, [number, string, string]> = {
    no_token: [401, 'auth.authorization_header_missing', 'Authorization header is missing.'],
    scope: [403, 'auth.forbidden', 'Forbidden. Please check your user roles and permissions.'],
  };
  const [status, code, message] = bodies[reason] ?? [
    401,
    'auth.unauthorized',
    'Unauthorized. Please check credentials and its scope.',
  ];
  res.status(status).json({ code, message });
}

/** As Logto's pages are: the addresses in its Link header lack the /api. */
function sendPage(req: Request, res: Response, entries: readonly unknown[]): void {
  const { page: pageText = '1', page_size: sizeText = '20' } = req.query;
  const [page, size] = [Number(pageText), Number(sizeText)];
  if (!(page > 0 && size > 0 && size <= 100)) {
    throw new Refused(400, { code: 'guard.invalid_pagination', message: 'The pagination value is invalid.' });
  }
  const last = Math.ceil(entries.length / size) || 1;
  const link = (to: number, rel: string) => {
    const url = new URL(req.originalUrl.replace(/^\/api/, ''), `http://${req.headers.host}`);
    url.searchParams.set('page', String(to));
    return `<${url}>; rel="${rel}"`;
  };
  const links = [link(1, 'first'), link(last, 'last')];
  if (page > 1) links.push(link(page - 1, 'prev'));
  if (page < last) links.push(link(page + 1, 'next'));
  res.set({ Link: links.join(', '), 'Total-Number': String(entries.length) });
  res.json(entries.slice((page - 1) * size, page * size));
}

function sendCreated(res: Response): void {
  res.status(201).type('text/plain').send('Created');
}

interface Body {
  name: string;
  indicator: string;
  description?: string | undefined;
  type: string;
  scopeIds: string[];
  applicationIds: string[];
  organizationScopeIds: string[];
  resourceScopeIds: string[];
  organizationRoleIds: string[];
}

/** The body, if it has these members and no others: a stand-in that took more than was recorded would hide a slip. */
function bodyOf(req: Request, names: (keyof Body)[], optional: (keyof Body)[] = []): Body {
  const body: unknown = req.body;
  const given = Object.entries(body ?? {});
  const right = ([name, value]: [string, unknown]) =>
    name.endsWith('Ids')
      ? Array.isArray(value) && value.length > 0 && value.every((id) => typeof id === 'string')
      : typeof value === 'string';
  const allowed: string[] = [...names, ...optional];
  const wrong = given.find((entry) => !allowed.includes(entry[0]) || !right(entry))?.[0];
  const missing = names.find((name) => !given.some(([has]) => has === name));
  if (wrong === undefined && missing === undefined) return body as Body;
  throw invalidInput({ code: 'invalid_type', message: 'Invalid input', path: [wrong ?? missing] });
}

/** As zod describes a mistake. */
interface Issue extends Record<string, unknown> {
  code: string;
  message: string;
  path: (string | undefined)[];
}

function tooShort(name: string): Refused {
  return invalidInput({
    code: 'too_small',
    minimum: 1,
    type: 'string',
    inclusive: true,
    exact: false,
    message: 'String must contain at least 1 character(s)',
    path: [name],
  });
}

function invalidInput(issue: Issue): Refused {
  const { code, message, path } = issue;
  return new Refused(400, {
    code: 'guard.invalid_input',
    data: { issues: [issue], name: 'ZodError' },
    details: `Error in key path "${path.join('.')}": (${code}) ${message}`,
    message: 'The request body is invalid.',
  });
}

function refuseWhere(wrong: boolean, status: number, code: string, message: string): void {
  if (wrong) throw new Refused(status, { code, message });
}

function existing(table: readonly Entry[], id: string, name: string): Entry {
  const found = table.find((one) => one.id === id);
  if (found) return found;
  const message = `The ${name} with ID \`${id}\` does not exist.`;
  throw new Refused(404, { code: 'entity.not_exists_with_id', message });
}

function known(table: readonly Entry[], ids: readonly string[]): void {
  refuseWhere(
    ids.some((id) => !table.some((one) => one.id === id)),
    422,
    'entity.relation_foreign_key_not_found',
    'Cannot find one or more foreign keys. Please check the input and ensure that all referenced entities exist.',
  );
}

function unique(table: readonly Entry[], name: string): void {
  refuseWhere(
    table.some((one) => one.name === name),
    422,
    'entity.unique_integrity_violation',
    'The entity already exists. Please check the input and try again.',
  );
}

function addPairs(table: Pair[], owner: string, members: readonly string[]): void {
  const present = membersOf(table, owner);
  table.push(...members.filter((one) => !present.includes(one)).map((one): Pair => [owner, one]));
}

function membersOf(table: readonly Pair[], owner: string): string[] {
  return table.filter(([one]) => one === owner).map(([, member]) => member);
}

function ownersOf(table: readonly Pair[], member: string): string[] {
  return table.filter(([, one]) => one === member).map(([owner]) => owner);
}

function those(table: readonly Entry[], ids: readonly string[]): Entry[] {
  return byId(table.filter(({ id }) => ids.includes(id)));
}

function byId(table: readonly Entry[]): Entry[] {
  return [...table].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function resource(id: string, { name, indicator }: Pick<Body, 'name' | 'indicator'>): Entry {
  return { tenantId, id, name, indicator, isDefault: false, accessTokenTtl: 3600 };
}

function scope(id: string, resourceId: string, { name, description = '' }: Partial<Body>): Entry {
  return { tenantId, id, resourceId, name: name ?? '', description, createdAt: Date.now() };
}

function role(id: string, { name, description, type }: Pick<Body, 'name' | 'description' | 'type'>): Entry {
  return { tenantId, id, name, description, type, isDefault: false };
}

function application(
  id: string,
  { name, description, type }: Pick<Body, 'name' | 'description' | 'type'>,
): Entry {
  return {
    tenantId,
    id,
    name,
    description: description ?? null,
    type,
    oidcClientMetadata: { redirectUris: [], postLogoutRedirectUris: [] },
    customClientMetadata: {},
    protectedAppMetadata: null,
    customData: {},
    isThirdParty: false,
    appLevelAccessControlEnabled: false,
    createdAt: Date.now(),
  };
}

function organization(id: string, { name, description }: Pick<Body, 'name' | 'description'>): Entry {
  return {
    tenantId,
    id,
    name,
    description: description ?? null,
    customData: {},
    isMfaRequired: false,
    color: {},
    branding: {},
    customCss: null,
    createdAt: Date.now(),
  };
}

function secretOf(applicationId: string): Secret {
  const value = randomBytes(24).toString('base64url').replace(/[-_]/g, 'x');
  return { tenantId, applicationId, name: 'Default secret', value, createdAt: Date.now(), expiresAt: null };
}

/** A tenant in which somebody has made an app for the Management API, and nothing else. */
function seed(state: State): void {
  const type = 'MachineToMachine';
  state.resources.push(
    resource('management-api', { name: 'Logto Management API', indicator: MANAGEMENT_API }),
  );
  state.scopes.push(scope('management-api-all', 'management-api', { name: 'all' }));
  state.roles.push(role('mgmt', { name: 'Logto Management API access', description: 'All of it', type }));
  state.roleScopes.push(['mgmt', 'management-api-all']);
  state.applications.push(application('management', { name: 'management-service', type }));
  state.secrets.push(secretOf('management'));
  state.roleApps.push(['mgmt', 'management']);
}

/** The tenant in which the calls were recorded, before the first of them that changed it. */
function seedAsRecorded(state: State): void {
  const answerTo = (start: string): Entry[] => {
    const call = recordedCalls.find(
      ({ method, path, status }) => method === 'GET' && status === 200 && path.startsWith(start),
    );
    return structuredClone(call?.response as Entry[]).filter(({ name }) => !/^recorded/i.test(name));
  };
  for (const { scopes, ...entry } of answerTo('/api/resources?') as (Entry & { scopes: Entry[] })[]) {
    state.resources.push(entry);
    state.scopes.push(...scopes);
  }
  for (const entry of answerTo('/api/roles?')) {
    const { usersCount, featuredUsers, applicationsCount, featuredApplications, ...own } = entry;
    state.roles.push(own as Entry);
    addPairs(
      state.roleApps,
      entry.id,
      (featuredApplications as Entry[]).map(({ id }) => id),
    );
  }
  state.applications.push(...answerTo('/api/applications?').reverse());
  for (const { id } of state.applications) state.secrets.push(secretOf(id));
  state.organizations.push(...answerTo('/api/organizations?'));

  // The rest is told by the tokens that were recorded along with the calls.
  const grants: Record<string, readonly string[]> = {
    'shop-reader': ['read:products'],
    'shop-admin': ['read:products', 'write:products', 'delete:products'],
    'mgmt-all': ['all'],
    'Logto Management API access': ['all'],
  };
  for (const { id, name } of state.roles) {
    const granted = state.scopes.filter((one) => grants[name]?.includes(one.name));
    addPairs(
      state.roleScopes,
      id,
      granted.map((one) => one.id),
    );
  }
}
