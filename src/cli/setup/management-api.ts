import {
  createM2MClient,
  type M2MClient,
  M2MClientError,
  managementApiResource,
} from '../../client/index.js';
import { own } from '../../util/own.js';
import { decodeToken, Undecodable } from '../diagnosis/decoded-token.js';
import { endpointFor } from '../diagnosis/issuer.js';
import { redact } from '../redact.js';
import type { AppCredentials } from '../settings.js';
import { assignment } from '../words.js';
import { type Call, type CallResponse, send, type Wait } from './call.js';
import { type Entry, entriesOf, textOf, Unreadable } from './entry.js';
import { RUN_AGAIN, SetupError } from './setup-error.js';

/** The app that calls the Management API, and the address of Logto. */
export interface ManagementApiOptions {
  /** Base URL of Logto, in its normal form. */
  readonly endpoint: string;
  /** An app that has the permission `all` of the Management API. */
  readonly app: AppCredentials;
  /** Undefined if Logto is self-hosted. */
  readonly tenantId: string | undefined;
  readonly allowInsecure: boolean;
  /** Called with the path of each call. */
  readonly onCall: (path: string) => void;
  readonly wait: Wait;
}

/** The maximum page size of Logto. */
const PAGE_SIZE = 100;
/** The maximum number of attempts to read a list that changes meanwhile. */
const MOST_READINGS = 3;

/** Logto's Management API. The client only reads and adds; it never changes or deletes. */
export class ManagementApi {
  readonly #options: ManagementApiOptions;
  readonly #client: M2MClient;

  private constructor(options: ManagementApiOptions) {
    const { endpoint, app, tenantId, allowInsecure } = options;
    this.#options = options;
    this.#client = createM2MClient({
      endpoint,
      appId: app.id,
      appSecret: app.secret,
      resource: resourceOf(endpoint, tenantId),
      scopes: ['all'],
      baseUrl: endpoint,
      allowInsecureRequests: allowInsecure,
    });
  }

  /**
   * Opens the Management API and obtains a token for it.
   *
   * @throws SetupError if Logto issues no token, a token without the permission, or a token with another issuer
   */
  static async open(options: ManagementApiOptions): Promise<ManagementApi> {
    const api = new ManagementApi(options);
    await api.#checkToken();
    return api;
  }

  /** Base URL of Logto, as named by the issuer of its tokens. */
  get endpoint(): string {
    return this.#options.endpoint;
  }

  /** Reads all pages of a list. @throws SetupError */
  async list<T>(path: string, read: (entry: Entry) => T, filter: Record<string, string> = {}): Promise<T[]> {
    for (let attempt = 1; attempt <= MOST_READINGS; attempt += 1) {
      const entries = await this.#readPages(path, read, filter);
      if (entries !== undefined) return entries;
    }
    throw new SetupError(`The list /${path} of ${this.endpoint} changes while it is read. ${RUN_AGAIN}`);
  }

  /** Reads the entries of all pages; undefined if the list changed meanwhile. A missed entry would be created again. */
  async #readPages<T>(
    path: string,
    read: (entry: Entry) => T,
    filter: Record<string, string>,
  ): Promise<T[] | undefined> {
    // By id, since an entry appears on two pages if another is added meanwhile.
    const all = new Map<string, T>();
    const totals = new Set<number>();
    for (let page = 1; ; page += 1) {
      const query = new URLSearchParams({ page: `${page}`, page_size: `${PAGE_SIZE}`, ...filter });
      const response = await this.#call('GET', `${path}?${query}`);
      const entries = this.#read(path, () =>
        entriesOf(response.json).map((entry) => [textOf(entry, 'id'), read(entry)] as const),
      );
      for (const [id, entry] of entries) all.set(id, entry);
      const total = this.#totalOf(response, path);
      totals.add(total);
      if (page * PAGE_SIZE < total) continue;
      return totals.size === 1 && all.size === total ? [...all.values()] : undefined;
    }
  }

  /** Reads a list without pages. @throws SetupError */
  async get<T>(path: string, read: (entry: Entry) => T): Promise<T[]> {
    const { json } = await this.#call('GET', path);
    return this.#read(path, () => entriesOf(json).map(read));
  }

  /** Creates an entity. @returns its id @throws SetupError */
  async create(path: string, body: object): Promise<string> {
    const { json } = await this.#call('POST', path, body);
    return this.#read(path, () => textOf(json, 'id'));
  }

  /** Adds to an existing entity. @throws SetupError */
  async add(path: string, body: object): Promise<void> {
    await this.#call('POST', path, body);
  }

  async #call(method: Call['method'], path: string, body?: object): Promise<CallResponse> {
    const { onCall, wait } = this.#options;
    onCall(path);
    const call = { method, path, body };
    const response = await send(this.#client.fetch, call, wait).catch((error) => {
      throw noToken(error);
    });
    if (response.status < 300) return response;
    throw this.#refusal(call, response);
  }

  /**
   * Returns the number of entries on all pages. The Link header is unusable, since its addresses lack /api. If a page
   * were mistaken for the last one, the entries of the next page would be created again.
   */
  #totalOf({ headers }: CallResponse, path: string): number {
    const total = headers.get('total-number');
    if (total !== null && /^\d+$/.test(total)) return Number(total);
    throw new SetupError(
      `${this.endpoint} does not return the number of entries of /${path}: does a proxy remove the header Total-Number?`,
    );
  }

  #read<T>(path: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      throw new SetupError(
        `The response of ${this.endpoint} to /${path} is not one of Logto's Management API.`,
      );
    }
  }

  async #checkToken(): Promise<void> {
    const { app, endpoint } = this.#options;
    const { token, scopes } = await this.#client.getAccessToken().catch((error) => {
      throw noToken(error);
    });
    if (!scopes.includes('all')) {
      throw new SetupError(
        `The app ${app.id} may not use the Management API: assign it the role Logto Management API access, or another machine-to-machine role with the permission all of the Logto Management API (Console > Roles). Nothing was changed.`,
      );
    }
    checkIssuer(token, endpoint);
  }

  /** Builds the error for a refused call, with Logto's message and the remedy. */
  #refusal({ method, path }: Call, { status, json }: CallResponse): SetupError {
    const saidIn = (name: string) => {
      const text = own(json, name);
      return typeof text === 'string' ? redact(text, this.#options.app.secret) : '';
    };
    const code = saidIn('code');
    const why = [saidIn('message'), saidIn('details')].filter((text) => text !== '').join(' ');
    const said = `Logto refused ${method} /${path} (${status}): ${why || 'it gave no reason'}${code === '' ? '' : ` (${code})`}`;
    const advice = this.#adviceOn(status, code);
    return advice === undefined ? new SetupError(said) : new SetupError(said, advice);
  }

  #adviceOn(status: number, code: string): string | undefined {
    const { endpoint } = this;
    if (status === 401) {
      return `The Management API at ${endpoint} does not accept the token that Logto issued there. If you host Logto yourself, is ${endpoint} the address of its Console (port 3002 by default)? Set LOGTO_ENDPOINT to the address of your tenant (port 3001 by default).`;
    }
    if (status >= 300 && status < 400) {
      return `Set LOGTO_ENDPOINT to the address to which ${endpoint} redirects, if that address is the base URL of its issuer.`;
    }
    return isTransient(status) || (status === 422 && alreadyExists(code)) ? RUN_AGAIN : undefined;
  }
}

/**
 * Returns the indicator of the Management API. In Logto Cloud, the indicator and the default domain contain the tenant
 * id.
 */
function resourceOf(endpoint: string, tenantId: string | undefined): string {
  const [, inCloud] = /^https:\/\/([\w-]+)\.logto\.app$/.exec(endpoint) ?? [];
  return managementApiResource(tenantId ?? inCloud);
}

/**
 * Checks that the issuer of Logto's tokens is this endpoint, and not another address of the same Logto: an API with
 * this endpoint would refuse every token.
 *
 * @param token - received from Logto itself, so it is only decoded, not verified
 * @throws SetupError
 */
function checkIssuer(token: string, endpoint: string): void {
  const decoded = decodeToken(token);
  const issuer = decoded instanceof Undecodable ? undefined : decoded.claims['iss'];
  if (issuer === `${endpoint}/oidc`) return;
  const named = typeof issuer === 'string' ? endpointFor(issuer) : undefined;
  if (named === undefined) {
    throw new SetupError(
      `The token that ${endpoint} issued is not one of Logto's: its issuer is not a Logto endpoint.`,
    );
  }
  throw new SetupError(
    `The issuer of Logto's tokens is ${named}/oidc, not ${endpoint}/oidc: set ${assignment('LOGTO_ENDPOINT', named)}. Nothing was changed.`,
  );
}

/** Converts the error of a failed token request. The message names the API's identifier; this adds how to set it. */
function noToken(error: unknown): unknown {
  if (!(error instanceof M2MClientError)) return error;
  if (error.code === 'invalid_target') {
    return new SetupError(error.message, "With Logto Cloud, set LOGTO_TENANT_ID to the tenant's id.");
  }
  const advice = isTransient(own(error, 'status')) ? [RUN_AGAIN] : [];
  return new SetupError(error.message, ...advice);
}

/** Whether the failure may be transient. */
function isTransient(status = 0): boolean {
  return status === 429 || status >= 500;
}

/** Whether the entity was created after this run had read the tenant, for example by another run. */
function alreadyExists(code: string): boolean {
  return /_(exists|in_use)$/.test(code) || code === 'entity.unique_integrity_violation';
}
