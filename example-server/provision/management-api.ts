import { createM2MClient, M2MClientError, managementApiResource } from 'express-logto-m2m/client';
import { type ZodType, z } from 'zod';
import { checkIssuer, normalEndpoint } from './issuer.js';
import { ProvisionError } from './provision-error.js';

/** Who calls the Management API, and where. */
export interface ManagementApiOptions {
  /** Base URL of Logto. */
  endpoint: string;
  appId: string;
  appSecret: string;
  /** `default` where Logto is self-hosted. */
  tenantId?: string | undefined;
}

/** The most that Logto gives. */
const pageSize = 100;
const patience = 30_000;
const refusalSchema = z.object({ code: z.string(), message: z.string() });

/** Logto's Management API, as far as it is needed here. It only reads and adds: nothing here changes or deletes. */
export class ManagementApi {
  /** Base URL of Logto, in the form that its tokens name. */
  readonly endpoint: string;
  readonly #appId: string;
  readonly #fetch: typeof fetch;

  private constructor(endpoint: string, appId: string, authorizedFetch: typeof fetch) {
    this.endpoint = endpoint;
    this.#appId = appId;
    this.#fetch = authorizedFetch;
  }

  /**
   * Gets a token for it first.
   *
   * @throws {ProvisionError} where Logto gives none, or issues it under another address than this one
   */
  static async open({ endpoint, appId, appSecret, tenantId }: ManagementApiOptions): Promise<ManagementApi> {
    const client = createM2MClient({
      endpoint,
      appId,
      appSecret,
      resource: managementApiResource(tenantId),
      scopes: ['all'],
      baseUrl: endpoint,
    });
    const base = normalEndpoint(endpoint);
    const { token } = await client.getAccessToken().catch((error) => {
      throw withAdvice(error);
    });
    checkIssuer(token, base);
    return new ManagementApi(base, appId, client.fetch);
  }

  /** All pages of a list. */
  async list<T extends { id: string }>(
    path: string,
    schema: ZodType<T>,
    filter: Record<string, string> = {},
  ): Promise<T[]> {
    // By id, for an entry that somebody adds meanwhile moves others to the next page.
    const all = new Map<string, T>();
    for (let page = 1; ; page += 1) {
      const query = new URLSearchParams({ page: `${page}`, page_size: `${pageSize}`, ...filter });
      const response = await this.#send('GET', `${path}?${query}`);
      for (const entry of await this.#read(response, path, z.array(schema))) all.set(entry.id, entry);
      if (page * pageSize >= this.#totalOf(response, path)) return [...all.values()];
    }
  }

  /**
   * How many entries there are on all pages. The Link header will not do: the addresses in it lack the /api. To take a
   * page for the last without being told so would be to make again what is on the next one.
   */
  #totalOf({ headers }: Response, path: string): number {
    const total = headers.get('total-number');
    if (total !== null && /^\d+$/.test(total)) return Number(total);
    throw new ProvisionError(
      `${this.endpoint} does not say how many entries /${path} has: is there a proxy that drops the header Total-Number?`,
    );
  }

  /** What has no pages. */
  async get<T>(path: string, schema: ZodType<T>): Promise<T> {
    return this.#read(await this.#send('GET', path), path, schema);
  }

  /** Adds what is described, and gives what came of it. */
  async create<T>(path: string, body: object, schema: ZodType<T>): Promise<T> {
    return this.#read(await this.#send('POST', path, body), path, schema);
  }

  /** Adds to what is there; what is answered is of no interest. */
  async add(path: string, body: object): Promise<void> {
    const response = await this.#send('POST', path, body);
    await response.body?.cancel();
  }

  async #send(method: string, path: string, body?: object): Promise<Response> {
    const response = await this.#request(method, path, body);
    if (response.ok) return response;
    const refusal = refusalSchema.safeParse(await response.json().catch(() => undefined));
    const { code, message } = refusal.data ?? { message: 'it did not say why' };
    const said = `Logto refused ${method} /${path} (${response.status}): ${message}${code ? ` (${code})` : ''}`;
    throw new ProvisionError(`${said}${this.#adviceOn(code)}`);
  }

  #adviceOn(code: string | undefined): string {
    // Another 403 may be the limit of a plan.
    if (code !== 'auth.forbidden') return '';
    return `\nApp ${this.#appId} may not use the Management API: in the Logto Console, give it a machine-to-machine role with the permission "all" of it.`;
  }

  async #request(method: string, path: string, body?: object): Promise<Response> {
    try {
      return await this.#fetch(path, {
        method,
        signal: AbortSignal.timeout(patience),
        ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
    } catch (error) {
      if (error instanceof M2MClientError) throw withAdvice(error);
      throw new ProvisionError(
        `Logto did not answer ${method} /${path}: ${reasonOf(error)}. Run this again: it goes on where it broke off.`,
      );
    }
  }

  async #read<T>(response: Response, path: string, schema: ZodType<T>): Promise<T> {
    const result = schema.safeParse(await response.json().catch(() => undefined));
    if (result.success) return result.data;
    throw new ProvisionError(
      `What ${this.endpoint} answered to /${path} is no answer of Logto's Management API.`,
    );
  }
}

/** The client knows the API by its identifier; here it can be said how that is set. */
function withAdvice(error: unknown): unknown {
  if (!(error instanceof M2MClientError) || error.code !== 'invalid_target') return error;
  return new ProvisionError(`${error.message}\nWith Logto Cloud, set LOGTO_TENANT_ID to the tenant's id.`);
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: unknown }; message?: unknown };
  return typeof cause?.code === 'string' ? cause.code : String(message);
}
