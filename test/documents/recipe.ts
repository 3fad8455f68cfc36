import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import express from 'express';
import { expect } from 'vitest';
import { createLogtoAuth } from '../../src/index.js';
import type { TestLogto, TestTokenOptions } from '../../src/testing/index.js';
import { APP } from '../support/logto.js';
import type { ProgramOptions } from '../support/program.js';
import { onStage } from './scenario.js';

/** Sends a request to a recipe with only these headers, and returns the response. */
export type Ask = (url: string, headers: readonly string[], method?: string) => Promise<Answer>;

export interface Answer {
  readonly status: number | undefined;
  readonly challenge: string | undefined;
  readonly retryAfter: string | undefined;
  readonly cacheControl: string | undefined;
  readonly contentType: string | undefined;
  readonly body: string;
}

/** The way to call a recipe, and the statuses that may differ from those of the middleware. */
export interface RecipeOptions extends ProgramOptions {
  readonly ask?: Ask;
  /** The status for a valid token. */
  readonly accepted?: number;
  /** The status for `Bearer` without a token, with two tokens, or in two headers. */
  readonly malformed?: number;
}

/** Checks all requirements of a recipe that calls `verify`. */
export async function expectRecipe(code: string, options: RecipeOptions = {}): Promise<void> {
  await expectAnswers(code, options);
  await expectUnavailable(code, options);
  await expectFailureStaysShut(code, options);
}

/** Expects a recipe to accept a valid token and to send the same refusals as the middleware. */
export async function expectAnswers(
  code: string,
  { ask = askForProducts, accepted = 200, malformed = 401, ...options }: RecipeOptions = {},
): Promise<void> {
  await onStage(code, { language: 'ts', ...options }, async ({ url, logto, token }) => {
    const good = await token();
    const bearer = (credentials: string) => ['Authorization', `Bearer ${credentials}`];
    const other = async (options: TestTokenOptions) => bearer(await token(options));

    for (const scheme of ['Bearer ', 'bearer ', 'BEARER   ']) {
      const answer = await ask(url, ['Authorization', scheme + good]);
      expect({ scheme, ...answer }).toMatchObject({ scheme, status: accepted });
      if (accepted === 200) expect(JSON.parse(answer.body)).toEqual({ caller: APP });
    }

    const refused: [what: string, status: number, headers: readonly string[]][] = [
      ['no header', 401, []],
      ['an empty header', 401, ['Authorization', '']],
      ['another scheme', 401, ['Authorization', `Basic ${good}`]],
      ['a scheme that begins alike', 401, ['Authorization', `BearerX ${good}`]],
      ['a token without its scheme', 401, ['Authorization', good]],
      ['junk', 401, bearer('junk')],
      ['an expired token', 401, await other({ claims: { exp: 1_700_000_000 } })],
      ["another API's token", 401, await other({ audience: 'https://other.api' })],
      ['a forged token', 401, bearer(`${good.slice(0, -8)}AAAAAAAA`)],
      ['a token without the permission', 403, await other({ scopes: 'write:products' })],
      ["a user's token", 403, await other({ subject: 'user-1' })],
      ["an organization's token", 403, await other({ organizationId: 'o-1' })],
    ];
    await withMiddleware(logto, async (middleware) => {
      for (const [what, status, headers] of refused) {
        const answer = await ask(url, headers);
        expect({ what, ...answer }).toMatchObject({ what, status, cacheControl: 'no-store' });
        expect({ what, ...answer }).toEqual({ what, ...(await askForProducts(middleware, headers)) });
      }
    });

    const status = async (headers: readonly string[]) => (await ask(url, headers)).status;
    expect(await status(['Authorization', 'Bearer'])).toBe(malformed);
    expect(await status(bearer(`${good} ${good}`))).toBe(malformed);
    expect(await status([...bearer('junk'), ...bearer(good)])).toBe(malformed);
    expect(await status([...bearer(good), ...bearer('junk')])).toBe(malformed);
    expect(await status([...bearer(good), 'AUTHORIZATION', ''])).toBe(malformed);

    // Other paths and methods that may reach the same handler.
    expect((await ask(url, [], 'HEAD')).status).toBe(401);
    for (const path of ['/products/', '/PRODUCTS', '//products', '/products?x=1', '/products%2f']) {
      expect((await askAt(url, path, [])).status).toBeGreaterThanOrEqual(401);
    }
  });
}

/** Expects 503 with Retry-After while no keys are available. */
export async function expectUnavailable(
  code: string,
  { ask = askForProducts }: RecipeOptions = {},
): Promise<void> {
  await onStage(code, { language: 'ts' }, async ({ url, logto, token }) => {
    await logto.stop();
    const headers = ['Authorization', `Bearer ${await token()}`];
    await withMiddleware(logto, async (middleware) => {
      const answer = await ask(url, headers);
      const seconds = expect.stringMatching(/^[1-9]\d*$/);
      expect(answer).toMatchObject({ status: 503, retryAfter: seconds });
      expect(answer).toEqual({ ...(await askForProducts(middleware, headers)), retryAfter: seconds });
    });
  });
}

/** Expects 500 if `verify` throws an unexpected error, and a server that continues to run. */
async function expectFailureStaysShut(code: string, { ask = askForProducts }: RecipeOptions): Promise<void> {
  // Without a scope, verify throws a TypeError.
  const mistaken = edit(code, /'read:products'/g, '');
  // This handler would respond even without a verified token.
  const careless = edit(mistaken, /[\w.]+(\('auth'\))?\??\.clientId/g, "'let in'");
  await onStage(careless, { language: 'ts' }, async ({ url, token }) => {
    for (let round = 0; round < 2; round += 1) {
      const answer = await ask(url, ['Authorization', `Bearer ${await token()}`]);
      expect(answer).toMatchObject({ status: 500 });
    }
  });
}

/** Replaces text in a block; the text must occur. */
export function edit(code: string, from: string | RegExp, to: string): string {
  const edited = code.replace(from, to);
  expect(edited).not.toBe(code);
  return edited;
}

/** Runs an Express app with the middleware, which trusts the same Logto. */
async function withMiddleware(
  { endpoint, audience }: TestLogto,
  play: (url: string) => Promise<void>,
): Promise<void> {
  const { requireScopes } = createLogtoAuth({ endpoint, audience });
  const app = express().get('/products', requireScopes('read:products'), (_req, res) => void res.json({}));
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await play(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

const askForProducts: Ask = (url, headers, method) => askAt(url, '/products', headers, method);

/** Sends these headers, including duplicates, which `fetch` cannot send. Returns the response or the upgrade. */
export async function askAt(
  url: string,
  path: string,
  headers: readonly string[],
  method = 'GET',
): Promise<Answer> {
  const { host, hostname, port } = new URL(url);
  const asked = request({ hostname, port, path, method, agent: false, headers: ['Host', host, ...headers] });
  asked.end();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.on('error', reject).on('response', resolve);
    asked.on('upgrade', (accepted, socket) => {
      socket.destroy();
      resolve(accepted);
    });
  });
  const { statusCode: status, headers: got } = response;
  return {
    status,
    challenge: got['www-authenticate'],
    retryAfter: got['retry-after'],
    cacheControl: got['cache-control'],
    contentType: got['content-type'],
    body: status === 101 ? '' : await text(response),
  };
}
