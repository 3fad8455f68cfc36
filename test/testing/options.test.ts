import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type RotateKeysOptions,
  type StartTestLogtoOptions,
  startTestLogto,
  type TestLogto,
  type TestTokenOptions,
} from '../../src/testing/index.js';

let logto: TestLogto;
beforeAll(async () => {
  logto = await startTestLogto();
});
afterAll(() => logto.stop());

const refused = async (work: Promise<unknown>, message: RegExp) => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(TypeError);
  expect((error as TypeError).message).toMatch(message);
};

describe('a wrong option throws a TypeError that names the option, its value and what to pass:', () => {
  it.each<[options: unknown, message: RegExp]>([
    [
      { audiance: 'https://shopping.api' },
      /startTestLogto: unknown option `audiance`\. Did you mean `audience`\?/,
    ],
    [null, /`options` must be an object, not null/],
    [{ audience: 'shopping' }, /`audience` must be an API resource indicator.*not "shopping"/],
    [{ audience: ['https://shopping.api'] }, /`audience` must be a string/],
    [
      { audience: 'urn:logto:organization:o1' },
      /`audience` must not be "urn:.*issueToken\(\{ audience: 'urn:logto:organization:<id>' \}\)\.$/,
    ],
    [{ alg: 'HS256' }, /`alg` must be an algorithm that Logto supports: ES384, RS256, .*not "HS256"/],
    [{ alg: null }, /`alg` must be/],
    [{ port: '3001' }, /`port` must be a port from 0 to 65535, where 0 selects a free port, not "3001"/],
    [{ port: 65_536 }, /`port` must be/],
    [{ port: 0.5 }, /`port` must be/],
  ])('startTestLogto(%j)', (options, message) =>
    refused(startTestLogto(options as StartTestLogtoOptions), message),
  );

  it.each<[options: unknown, message: RegExp]>([
    [{ scope: 'read:products' }, /issueToken: unknown option `scope`\. Did you mean `scopes`\?/],
    [{ expiresin: 5 }, /Did you mean `expiresIn`\?/],
    ['read:products', /`options` must be an object, not "read:products"/],
    [{ clientId: '' }, /`clientId` must be a string that is not empty, not ""/],
    [{ clientId: 5 }, /`clientId` must be.*not 5/],
    [{ subject: null }, /`subject` must be.*not null/],
    [{ audience: ['https://a.api'] }, /`audience` must be.*not a list of 1/],
    [{ organizationId: ' ' }, /`organizationId` must be.*not " "/],
    [
      { organizationId: 'o1', audience: 'urn:logto:organization:o1' },
      /pass `organizationId` for a token for the API inside an organization, or an `audience`.*not both/,
    ],
    [{ scopes: [''] }, /`scopes` must be/],
    [{ scopes: ['a"b'] }, /characters that no scope may have/],
    [{ scopes: null }, /`scopes` must be/],
    [{ expiresIn: '60' }, /`expiresIn` must be a duration in seconds \(not milliseconds\)/],
    [{ expiresIn: Number.NaN }, /`expiresIn` must be/],
    [{ expiresIn: Date.now() }, /`expiresIn` must be.*from -31536000 to 31536000/],
    [{ claims: 'plan' }, /`claims` must be an object, not "plan"/],
    [{ claims: [] }, /`claims` must be an object, not an empty list/],
    [{ header: null }, /`header` must be an object, not null/],
    [{ header: { alg: 'none' } }, /`header\.alg` is that of the key: call rotateKeys\(\{ alg \}\)/],
    [{ header: { alg: undefined } }, /`header\.alg`/],
    [{ header: { crit: ['b64'], b64: false } }, /`header\.crit` cannot be set/],
  ])('issueToken(%j)', (options, message) => refused(logto.issueToken(options as TestTokenOptions), message));

  it.each<[options: unknown, message: RegExp]>([
    [{ keepPrevios: false }, /rotateKeys: unknown option `keepPrevios`\. Did you mean `keepPrevious`\?/],
    [{ keepPrevious: 'no' }, /`keepPrevious` must be true or false, not "no"/],
    [{ alg: 'none' }, /`alg` must be an algorithm that Logto supports/],
  ])('rotateKeys(%j)', async (options, message) => {
    const before = await logto.issueToken();
    await refused(logto.rotateKeys(options as RotateKeysOptions), message);
    // The key was not rotated.
    expect((await logto.issueToken()).split('.')[0]).toBe(before.split('.')[0]);
  });
});

it('startTestLogto, issueToken and rotateKeys treat undefined options as absent', async () => {
  const other = await startTestLogto({ audience: undefined, alg: undefined, port: undefined });
  expect(other.audience).toBe('https://api.test');
  const all = { clientId: undefined, subject: undefined, scopes: undefined, audience: undefined };
  await other.issueToken({ ...all, organizationId: undefined, expiresIn: undefined, claims: undefined });
  await other.rotateKeys({ alg: undefined, keepPrevious: undefined });
  await other.stop();
});
