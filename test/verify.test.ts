import { describe, expect, it, vi } from 'vitest';
import { AuthError, createLogtoAuth, type VerifyOptions } from '../src/index.js';
import type { TestTokenOptions } from '../src/testing/index.js';
import { APP, AUDIENCE, readingToken, sharedLogto } from './support/logto.js';
import { resultOf } from './support/result.js';

const logto = await sharedLogto();
const auth = createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE });

const result = async (token: TestTokenOptions, options?: VerifyOptions, instance = auth) =>
  resultOf(instance, await readingToken(logto, token), options);

describe('verify', () => {
  it('resolves with the verified token', async () => {
    const token = await auth.verify(await readingToken(logto));
    expect(token).toMatchObject({ clientId: APP, scopes: ['read:products'] });
    expect(Object.isFrozen(token)).toBe(true);
  });

  it('can require all scopes, any of several, or none', async () => {
    const token = { scopes: 'a b' };
    expect(await result(token)).toBe('ok');
    expect(await result(token, { scopes: ['a', 'b'] })).toBe('ok');
    expect(await result(token, { scopes: 'a b' })).toBe('ok');
    expect(await result(token, { scopes: ['a', 'c'] })).toBe('scope');
    expect(await result(token, { anyScope: ['c', 'a'] })).toBe('ok');
    expect(await result(token, { anyScope: ['c', 'd'] })).toBe('scope');
  });

  it('accepts the options audience and machineOnly', async () => {
    expect(await result({ audience: 'https://inventory.api' })).toBe('audience');
    expect(await result({ audience: 'https://inventory.api' }, { audience: 'https://inventory.api' })).toBe(
      'ok',
    );
    expect(await result({ subject: 'user-1' })).toBe('machine');
    expect(await result({ subject: 'user-1' }, { machineOnly: false })).toBe('ok');
  });

  it('applies the organization rules, and can require one organization by its id', async () => {
    const token = { organizationId: 'o-1' };
    expect(await result(token)).toBe('organization');
    expect(await result(token, { organization: 'optional' })).toBe('ok');
    expect(await result(token, { organization: 'required' })).toBe('ok');
    expect(await result({}, { organization: 'required' })).toBe('organization');
    expect(await result(token, { organization: { id: 'o-1' } })).toBe('ok');
    expect(await result(token, { organization: { id: 'o-2' } })).toBe('organization');
    expect(await result({}, { organization: { id: 'o-1' } })).toBe('organization');
  });

  it('accepts an organization token only if organizationToken is given', async () => {
    const token = { audience: 'urn:logto:organization:o-1' };
    expect(await result(token)).toBe('audience');
    expect(await result(token, { organizationToken: { id: 'o-1' } })).toBe('ok');
    expect(await result(token, { organizationToken: { id: 'o-2' } })).toBe('organization');
    expect(await result({}, { organizationToken: { id: 'o-1' } })).toBe('audience');
    expect(await result({ organizationId: 'o-1' }, { organizationToken: { id: 'o-1' } })).toBe('audience');
  });

  it.each([undefined, null, '', 5, {}])('refuses an organization id that is %j', async (id) => {
    const bad = { id } as { id: string };
    expect(await result({ organizationId: 'o-1' }, { organization: bad })).toBe('organization');
    expect(await result({ audience: 'urn:logto:organization:o-1' }, { organizationToken: bad })).toBe(
      'organization',
    );
  });

  it('rejects with the error that a guard would respond with', async () => {
    const error = await auth
      .verify(await readingToken(logto), { scopes: ['write:products'] })
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({
      status: 403,
      code: 'insufficient_scope',
      reason: 'scope',
      scopes: ['write:products'],
    });
    expect(error.headers).toEqual({
      'WWW-Authenticate':
        'Bearer realm="api", scope="write:products", error="insufficient_scope", error_description="The access token lacks a permission that this request needs."',
    });
  });

  it.each([undefined, ''])('rejects %j as a missing token', async (token) => {
    await expect(auth.verify(token as string)).rejects.toMatchObject({ status: 401, reason: 'no_token' });
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['a misspelt option', { scope: ['a'] }, /unknown option `scope`. Did you mean `scopes`\?/],
    ['an empty list of scopes', { scopes: [] }, /`scopes`.*not an empty list/],
    ['an empty list of any scopes', { anyScope: [] }, /`anyScope`.*not an empty list/],
    ['scopes that are null', { scopes: null }, /`scopes`/],
    ['scopes that are undefined', { scopes: undefined }, /`scopes`.*not undefined/],
    ['any scopes that are undefined', { anyScope: undefined }, /`anyScope`.*not undefined/],
    ['both kinds of scopes', { scopes: ['a'], anyScope: ['b'] }, /`scopes` or `anyScope`, not both/],
    ['both kinds of organization', { organization: 'none', organizationToken: { id: 'x' } }, /not both/],
    [
      'an audience that an organization token cannot have',
      { audience: AUDIENCE, organizationToken: { id: 'x' } },
      /not both/,
    ],
    ['a wrong rule', { organization: 'mandatory' }, /`organization` must be/],
    ['a function as a rule', { organization: () => 'x' }, /`organization` must be/],
    [
      'a misspelt id',
      { organization: { ID: 'x' } },
      /unknown option `organization.ID`. Did you mean `organization.id`/,
    ],
    ['a wrong organization token', { organizationToken: 'x' }, /`organizationToken` must be an object/],
    [
      'an organization token that is undefined',
      { organizationToken: undefined },
      /`organizationToken` must be.*not undefined/,
    ],
    ['a wrong audience', { audience: 'shop' }, /`audience`/],
    ['a wrong machineOnly', { machineOnly: 0 }, /`machineOnly`/],
  ])('rejects %s with a TypeError', async (_what, options, message) => {
    const verifying = auth.verify(await readingToken(logto), options);
    await expect(verifying).rejects.toBeInstanceOf(TypeError);
    await expect(verifying).rejects.toThrow(message);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['scopes', { scopes: ['delete:products'] }, 'scopes'],
    ['any scope', { anyScope: ['delete:products'] }, 'anyScope'],
    ['an organization token', { organizationToken: { id: 'x' } }, 'organizationToken'],
  ])('rejects options that inherit %s', async (_what, options, name) => {
    const token = await readingToken(logto);
    await expect(auth.verify(token, options)).rejects.toBeInstanceOf(AuthError);
    await expect(auth.verify(token, Object.create(options))).rejects.toThrow(
      new TypeError(
        `verify: the option \`${name}\` is inherited, and only an object's own members are read. Pass a plain object with it.`,
      ),
    );
  });

  it.each<[unknown, string]>([
    [5, '5'],
    [{}, 'an object'],
    [null, 'null'],
    [['a.b.c'], 'a list of 1'],
    [Buffer.from('a.b.c'), 'an object'],
    [true, 'true'],
  ])('refuses a token that is %j as malformed', async (token, shown) => {
    await expect(auth.verify(token as string)).rejects.toMatchObject({
      name: 'AuthError',
      status: 400,
      reason: 'malformed',
      hint: `verify was given ${shown}, and a token is a string.`,
    });
  });

  it('rejects with a TypeError if no token is passed', async () => {
    await expect((auth.verify as () => Promise<unknown>)()).rejects.toThrow(
      new TypeError('verify: `token` must be passed, as verify(token), not undefined.'),
    );
  });

  it('requires an organization if the rule of the instance is a function', async () => {
    const instance = createLogtoAuth({
      endpoint: logto.endpoint,
      audience: AUDIENCE,
      organization: () => 'o-1',
    });
    await expect(result({}, {}, instance)).rejects.toThrow(/`organization` or `organizationToken`/);
    expect(await result({ organizationId: 'o-1' }, { organization: { id: 'o-1' } }, instance)).toBe('ok');
    expect(await result({}, { organization: 'none' }, instance)).toBe('ok');
  });

  it('requires an audience or an organization token', async () => {
    const instance = createLogtoAuth({ endpoint: logto.endpoint });
    await expect(result({}, {}, instance)).rejects.toThrow(/no audience/);
    expect(
      await result(
        { audience: 'urn:logto:organization:o-1' },
        { organizationToken: { id: 'o-1' } },
        instance,
      ),
    ).toBe('ok');
  });

  it('calls isRevoked without a request', async () => {
    const isRevoked = vi.fn(() => true);
    const instance = createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE, isRevoked });
    expect(await result({}, {}, instance)).toBe('revoked');
    expect(isRevoked.mock.calls).toEqual([[expect.objectContaining({ clientId: APP })]]);
  });

  it('rejects with an Error whatever isRevoked throws', async () => {
    const isRevoked = () => {
      throw undefined;
    };
    const instance = createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE, isRevoked });
    await expect(result({}, {}, instance)).rejects.toMatchObject({ status: 500, cause: undefined });
  });
});
