import { decodeProtectedHeader } from 'jose';
import { afterAll, onTestFinished } from 'vitest';
import { startTestLogto, type TestLogto, type TestTokenOptions } from '../../src/testing/index.js';
import { reservedPort } from './ports.js';

/** The API that the tests protect. */
export const AUDIENCE = 'https://shopping.api';

/** The app of the tests, which is the default app of the test kit. */
export const APP = 'test-app';

export const now = (): number => Math.floor(Date.now() / 1000);

/** Starts a Logto for all tests of a file, and stops it after the last test. */
export async function sharedLogto(): Promise<TestLogto> {
  const logto = await startTestLogto({ audience: AUDIENCE, port: await reservedPort() });
  afterAll(logto.stop);
  return logto;
}

/** Starts a Logto for one test, and stops it after the test. */
export async function ownLogto(): Promise<TestLogto> {
  const logto = await startTestLogto({ audience: AUDIENCE, port: await reservedPort() });
  onTestFinished(logto.stop);
  return logto;
}

/** Issues a token with `read:products`; the options override this. */
export function readingToken(logto: TestLogto, options: TestTokenOptions = {}): Promise<string> {
  return logto.issueToken({ scopes: 'read:products', ...options });
}

/** A token with the signature of another token. It is refused only after the signature check. */
export async function forgedToken(logto: TestLogto, options: TestTokenOptions = {}): Promise<string> {
  const [header, payload] = (await readingToken(logto, options)).split('.');
  const [, , signature] = (await readingToken(logto, options)).split('.');
  return [header, payload, signature].join('.');
}

/** A token that names this Logto as its issuer, but is signed by another Logto. */
export async function foreignToken(logto: TestLogto, options: TestTokenOptions = {}): Promise<string> {
  const other = await startTestLogto({ audience: AUDIENCE });
  await other.stop();
  return readingToken(other, { ...options, claims: { iss: logto.issuer, ...options.claims } });
}

/** The id of the signing key. */
export async function keyIdOf(logto: TestLogto): Promise<string> {
  return decodeProtectedHeader(await logto.issueToken()).kid as string;
}

/** Fetches the published key set, with the signing key first. This counts as a key request. */
export async function keySetOf(logto: TestLogto): Promise<{ keys: Record<string, unknown>[] }> {
  const answer = await fetch(`${logto.issuer}/jwks`);
  return (await answer.json()) as { keys: Record<string, unknown>[] };
}
