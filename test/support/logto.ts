import { decodeProtectedHeader } from 'jose';
import { afterAll, onTestFinished } from 'vitest';
import { startTestLogto, type TestLogto, type TestTokenOptions } from '../../src/testing/index.js';

/** The API that the tests protect. */
export const AUDIENCE = 'https://shopping.api';

/** The app of the tests: the one that the kit gives tokens to where none is named. */
export const APP = 'test-app';

export const now = (): number => Math.floor(Date.now() / 1000);

/** The Logto of a whole file, started outside of its tests, and stopped behind the last. */
export async function sharedLogto(): Promise<TestLogto> {
  const logto = await startTestLogto({ audience: AUDIENCE });
  afterAll(logto.stop);
  return logto;
}

/** The Logto of one test, started in it or before it, and stopped behind it. */
export async function ownLogto(): Promise<TestLogto> {
  const logto = await startTestLogto({ audience: AUDIENCE });
  onTestFinished(logto.stop);
  return logto;
}

/** A token that may read products, but for what is asked to be otherwise. */
export function readingToken(logto: TestLogto, options: TestTokenOptions = {}): Promise<string> {
  return logto.issueToken({ scopes: 'read:products', ...options });
}

/** A token with the signature of another: it is refused late, where one that is missing is refused at once. */
export async function forgedToken(logto: TestLogto, options: TestTokenOptions = {}): Promise<string> {
  const [header, payload] = (await readingToken(logto, options)).split('.');
  const [, , signature] = (await readingToken(logto, options)).split('.');
  return [header, payload, signature].join('.');
}

/** A token in the name of this Logto, which another has signed. */
export async function foreignToken(logto: TestLogto, options: TestTokenOptions = {}): Promise<string> {
  const other = await startTestLogto({ audience: AUDIENCE });
  await other.stop();
  return readingToken(other, { ...options, claims: { iss: logto.issuer, ...options.claims } });
}

/** The id of the key that signs. */
export async function keyIdOf(logto: TestLogto): Promise<string> {
  return decodeProtectedHeader(await logto.issueToken()).kid as string;
}

/** The keys as they are published, the one that signs first. This is a request for them, and counts. */
export async function keySetOf(logto: TestLogto): Promise<{ keys: Record<string, unknown>[] }> {
  const answer = await fetch(`${logto.issuer}/jwks`);
  return (await answer.json()) as { keys: Record<string, unknown>[] };
}
