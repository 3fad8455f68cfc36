import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  createM2MClient,
  type M2MClient,
  managementApiResource,
  type ScopesMissingMessage,
} from 'express-logto-m2m/client';
import { type ZodType, z } from 'zod';
import { type Answer, type Call, send } from './call.js';
import { checkIssuer, checkSecure, normalEndpoint } from './endpoint.js';
import { ProvisionError } from './provision-error.js';
import { noToken, refusalOf } from './refusal.js';

/** Who calls the Management API, and where. */
export interface ManagementApiOptions {
  /** Base URL of Logto. */
  endpoint: string;
  appId: string;
  appSecret: string;
  /** `default` where Logto is self-hosted. */
  tenantId?: string | undefined;
  /** Is told where it has to wait. */
  tell: (line: string) => void;
}

/** The most that Logto gives. */
const pageSize = 100;

/** Logto's Management API, as far as it is needed here. It only reads and adds: nothing here changes or deletes. */
export class ManagementApi {
  readonly #send: (call: Call) => Promise<Answer>;

  private constructor(
    /** Base URL of Logto, in the form that its tokens name. */
    readonly endpoint: string,
    send: (call: Call) => Promise<Answer>,
  ) {
    this.#send = send;
  }

  /**
   * Gets a token for it first.
   *
   * @throws {ProvisionError} where Logto gives none, or one without the permission, or issues it under another address
   */
  static async open(options: ManagementApiOptions): Promise<ManagementApi> {
    const { endpoint, appId, appSecret, tenantId, tell } = options;
    checkSecure(endpoint);
    const client = createM2MClient({
      endpoint,
      appId,
      appSecret,
      resource: managementApiResource(tenantId),
      scopes: ['all'],
      baseUrl: endpoint,
    });
    const base = normalEndpoint(endpoint);
    checkIssuer(await tokenOf(client), base);
    return new ManagementApi(base, async (call) => {
      const answer = await send(client.fetch, call, (seconds, status) =>
        tell(`waiting  ${seconds} s, as Logto asks (${status})`),
      ).catch((error) => {
        throw noToken(error);
      });
      if (answer.status < 300) return answer;
      throw refusalOf(call, answer, base);
    });
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
      const answer = await this.#send({ method: 'GET', path: `${path}?${query}` });
      for (const entry of this.#read(answer, path, z.array(schema))) all.set(entry.id, entry);
      if (page * pageSize >= this.#totalOf(answer, path)) return [...all.values()];
    }
  }

  /**
   * How many entries there are on all pages. The Link header will not do: the addresses in it lack the /api. To take a
   * page for the last without being told so would be to make again what is on the next one.
   */
  #totalOf({ headers }: Answer, path: string): number {
    const total = headers.get('total-number');
    if (total !== null && /^\d+$/.test(total)) return Number(total);
    throw new ProvisionError(
      `${this.endpoint} does not say how many entries /${path} has: is there a proxy that drops the header Total-Number?`,
    );
  }

  /** What has no pages. */
  async get<T>(path: string, schema: ZodType<T>): Promise<T> {
    return this.#read(await this.#send({ method: 'GET', path }), path, schema);
  }

  /** Adds what is described, and gives what came of it. */
  async create<T>(path: string, body: object, schema: ZodType<T>): Promise<T> {
    return this.#read(await this.#send({ method: 'POST', path, body }), path, schema);
  }

  /** Adds to what is there; what is answered is of no interest. */
  async add(path: string, body: object): Promise<void> {
    await this.#send({ method: 'POST', path, body });
  }

  #read<T>({ json }: Answer, path: string, schema: ZodType<T>): T {
    const result = schema.safeParse(json);
    if (result.success) return result.data;
    throw new ProvisionError(
      `What ${this.endpoint} answered to /${path} is no answer of Logto's Management API.`,
    );
  }
}

/** A token with all that was asked for. What is missing, and what to do about it, the client tells on a channel. */
async function tokenOf(client: M2MClient): Promise<string> {
  const missing: ScopesMissingMessage[] = [];
  const listen = (message: unknown) => void missing.push(message as ScopesMissingMessage);
  subscribe('express-logto-m2m:scopes-missing', listen);
  try {
    const { token } = await client.getAccessToken();
    const [message] = missing;
    if (message) throw new ProvisionError(`${message.error.message} Nothing was changed.`);
    return token;
  } catch (error) {
    throw noToken(error);
  } finally {
    unsubscribe('express-logto-m2m:scopes-missing', listen);
  }
}
