import { expect } from 'vitest';
import type { TestLogto } from '../../src/testing/index.js';
import { APP, AUDIENCE, readingToken } from '../support/logto.js';
import { Running, type StartOptions } from './project.js';

/** Expects the route to return the client of a token with the permission, and to refuse all other requests. */
export async function expectProtected(server: Running, logto: TestLogto): Promise<void> {
  expect(await server.get('/products', await readingToken(logto))).toEqual({
    status: 200,
    challenge: null,
    body: { clientId: APP },
  });
  expect(await server.get('/products')).toEqual({
    status: 401,
    challenge: 'Bearer realm="api", scope="read:products"',
    body: { error: 'unauthorized', error_description: expect.any(String) },
  });
  expect(await server.get('/products', await logto.issueToken({ scopes: 'write:products' }))).toEqual({
    status: 403,
    challenge: expect.stringMatching(
      /^Bearer realm="api", scope="read:products", error="insufficient_scope"/,
    ),
    body: { error: 'insufficient_scope', error_description: expect.any(String), scope: 'read:products' },
  });
}

/**
 * Runs a server during this check. It must print no warnings or deprecations.
 *
 * @param what - the check; by default, the server must protect its route
 */
export async function whileRunning(
  node: string,
  file: string,
  logto: TestLogto,
  {
    what = expectProtected,
    ...options
  }: StartOptions & { readonly what?: (server: Running, logto: TestLogto) => Promise<void> } = {},
): Promise<void> {
  const environment = { LOGTO_ENDPOINT: logto.endpoint, LOGTO_AUDIENCE: AUDIENCE };
  const server = await Running.start(node, file, environment, options);
  try {
    await what(server, logto);
  } finally {
    await server.stop();
  }
  expect(server.complaints).toBe('');
}
