import express, { type ErrorRequestHandler, type Express } from 'express';
import { describe, expect, it, vi } from 'vitest';
import { createLogtoAuth, type GuardOptions, getAuth } from '../../src/index.js';
import type { TestTokenOptions } from '../../src/testing/index.js';
import { AUDIENCE, forgedToken, readingToken, sharedLogto } from '../support/logto.js';
import { get } from '../support/request.js';

const ORGANIZATION = 'tgqjike3k7pu';

const logto = await sharedLogto();
const auth = createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE });

const ofNone = () => readingToken(logto);
const ofOne = (organizationId = ORGANIZATION) => readingToken(logto, { organizationId });
const own = (id = ORGANIZATION, options: TestTokenOptions = {}) =>
  logto.issueToken({ audience: `urn:logto:organization:${id}`, scopes: 'read:reports', ...options });

async function outcome(app: Express, token: string, path = `/organizations/${ORGANIZATION}`) {
  const { status, body } = await get(app, path, token);
  return status === 200 ? body : `${status} ${body.error ?? ''}`.trim();
}

function shop(options: GuardOptions | undefined, instance = auth): Express {
  const app = express();
  const guard =
    options === undefined
      ? instance.requireScopes('read:products')
      : instance.requireScopes('read:products', options);
  app.get('/organizations/:organizationId', guard, (req, res) =>
    res.json(getAuth(req).organizationId ?? 'none'),
  );
  return app;
}

describe('a guard with an organization rule', () => {
  it.each<[rule: string, options: GuardOptions | undefined, none: string, one: string]>([
    ['no rule', undefined, 'none', '403 insufficient_scope'],
    ["'none'", { organization: 'none' }, 'none', '403 insufficient_scope'],
    ["'optional'", { organization: 'optional' }, 'none', ORGANIZATION],
    ["'required'", { organization: 'required' }, '403 insufficient_scope', ORGANIZATION],
    [
      'a function that returns its id',
      { organization: (req) => req.params.organizationId },
      '403 insufficient_scope',
      ORGANIZATION,
    ],
    [
      'a function that returns another id',
      { organization: () => 'w1h7qob3z0o3' },
      '403 insufficient_scope',
      '403 insufficient_scope',
    ],
    [
      'a function that returns undefined',
      { organization: () => undefined },
      '403 insufficient_scope',
      '403 insufficient_scope',
    ],
    [
      'a function that returns an empty string',
      { organization: () => '' },
      '403 insufficient_scope',
      '403 insufficient_scope',
    ],
  ])('decides about tokens without and with an organization: %s', async (_rule, options, none, one) => {
    const app = shop(options);
    expect([await outcome(app, await ofNone()), await outcome(app, await ofOne())]).toEqual([none, one]);
    // And once more, now that both tokens are cached.
    expect([await outcome(app, await ofNone()), await outcome(app, await ofOne())]).toEqual([none, one]);
  });

  it("overrides the instance's rule with 'none'", async () => {
    const strict = createLogtoAuth({
      endpoint: logto.endpoint,
      audience: AUDIENCE,
      organization: 'required',
    });
    expect(await outcome(shop(undefined, strict), await ofNone())).toBe('403 insufficient_scope');
    expect(await outcome(shop(undefined, strict), await ofOne())).toBe(ORGANIZATION);
    expect(await outcome(shop({ organization: 'none' }, strict), await ofNone())).toBe('none');
    expect(await outcome(shop({ organization: 'none' }, strict), await ofOne())).toBe(
      '403 insufficient_scope',
    );
  });

  it.each([null, '', 5, ['tgqjike3k7pu'], {}, true])(
    'refuses an organization_id of %j under every rule',
    async (id) => {
      for (const organization of ['none', 'optional', 'required'] as const) {
        const token = await readingToken(logto, { claims: { organization_id: id } });
        expect(await outcome(shop({ organization }), token)).toBe('401 invalid_token');
      }
    },
  );

  it('responds with 500 if the organization function returns a promise, even one that rejects', async () => {
    const promising = () => Promise.resolve(ORGANIZATION) as unknown as string;
    expect(await outcome(shop({ organization: promising }), await ofOne())).toBe('500');
    const rejecting = () => Promise.reject(new Error('no')) as unknown as string;
    expect(await outcome(shop({ organization: rejecting }), await ofOne())).toBe('500');
  });

  it.each<[string, unknown]>([
    ['the id in another case', ORGANIZATION.toUpperCase()],
    ['the id and a space', `${ORGANIZATION} `],
    ['the beginning of the id', ORGANIZATION.slice(0, -1)],
    ['the id and another character', `${ORGANIZATION}1`],
    ['the audience of the organization', `urn:logto:organization:${ORGANIZATION}`],
    ['a String object', Object(ORGANIZATION)],
    ['the id in a list', [ORGANIZATION]],
    ['an object whose toString returns the id', { toString: () => ORGANIZATION }],
    ['true', true],
  ])('refuses the token if the organization function returns %s', async (_what, id) => {
    const app = shop({ organization: () => id as string });
    // First with an uncached token, then with a cached one.
    expect(await outcome(app, await ofOne())).toBe('403 insufficient_scope');
    const token = await ofOne();
    for (const time of [1, 2]) {
      expect(`${time} ${await outcome(app, token)}`).toBe(`${time} 403 insufficient_scope`);
    }
  });

  it('responds with 500 if the organization function returns a thenable, settled or not', async () => {
    const token = await ofOne();
    const settled = (resolve: (id: string) => void) => resolve(ORGANIZATION);
    for (const then of [settled, () => {}]) {
      const app = shop({ organization: () => ({ then }) as unknown as string });
      expect([await outcome(app, token), await outcome(app, token)]).toEqual(['500', '500']);
    }
    const app = shop({ organization: () => new Promise(() => {}) as unknown as string });
    expect([await outcome(app, token), await outcome(app, token)]).toEqual(['500', '500']);
  });

  it('calls the organization function for each request, even if the token is cached', async () => {
    const app = shop({ organization: (req) => req.params.organizationId });
    const token = await ofOne();
    const other = '/organizations/w1h7qob3z0o3';
    expect(await outcome(app, token)).toBe(ORGANIZATION);
    expect(await outcome(app, token, other)).toBe('403 insufficient_scope');
    expect(await outcome(app, token)).toBe(ORGANIZATION);
  });

  it('uses the rule of the instance if its own is undefined', async () => {
    const strict = createLogtoAuth({
      endpoint: logto.endpoint,
      audience: AUDIENCE,
      organization: (req) => req.params['organizationId'],
    });
    const app = shop({ organization: undefined }, strict);
    expect(await outcome(app, await ofOne())).toBe(ORGANIZATION);
    expect(await outcome(app, await ofOne('w1h7qob3z0o3'))).toBe('403 insufficient_scope');
    expect(await outcome(app, await ofNone())).toBe('403 insufficient_scope');
  });

  it('does not call the organization function before the signature is verified', async () => {
    let asked = 0;
    const app = shop({
      organization: () => {
        asked += 1;
        return ORGANIZATION;
      },
    });
    const forged = await forgedToken(logto, { organizationId: ORGANIZATION });
    expect(await outcome(app, forged)).toBe('401 invalid_token');
    expect(asked).toBe(0);
  });
});

describe('requireOrganizationScopes', () => {
  function reports(instance = auth): Express {
    const app = express();
    const guard = instance.requireOrganizationScopes('read:reports', {
      organization: (req) => req.params.organizationId,
    });
    app.get('/organizations/:organizationId', guard, (req, res) => res.json(getAuth(req).organizationId));
    return app;
  }

  it("accepts an organization's own token, for that organization only", async () => {
    expect(await outcome(reports(), await own())).toBe(ORGANIZATION);
    expect(await outcome(reports(), await own('w1h7qob3z0o3'))).toBe('403 insufficient_scope');
  });

  it('refuses a token for the API, even one for the same organization', async () => {
    const token = await logto.issueToken({ scopes: 'read:reports', organizationId: ORGANIZATION });
    expect(await outcome(reports(), token)).toBe('401 invalid_token');
  });

  it('refuses the reserved audience, for which Logto issues tokens to any app', async () => {
    const audience = 'urn:logto:resource:organizations';
    const token = await logto.issueToken({ audience, scopes: 'read:reports' });
    expect(await outcome(reports(), token)).toBe('401 invalid_token');
  });

  it('identifies the organization by the audience, not by the organization_id claim', async () => {
    expect(
      await outcome(reports(), await own('w1h7qob3z0o3', { claims: { organization_id: ORGANIZATION } })),
    ).toBe('403 insufficient_scope');
    expect(
      await outcome(reports(), await own(ORGANIZATION, { claims: { organization_id: 'w1h7qob3z0o3' } })),
    ).toBe(ORGANIZATION);
  });

  it.each([
    ['two organizations', ['urn:logto:organization:tgqjike3k7pu', 'urn:logto:organization:w1h7qob3z0o3']],
    ['an organization and an API', ['urn:logto:organization:tgqjike3k7pu', AUDIENCE]],
    ['an organization without an id', 'urn:logto:organization:'],
  ])('refuses an audience of %s', async (_what, aud) => {
    const token = await logto.issueToken({ scopes: 'read:reports', claims: { aud } });
    expect(await outcome(reports(), token)).toBe('401 invalid_token');
    expect(await outcome(shop({ organization: 'optional' }), token)).toBe('401 invalid_token');
  });

  it.each<[string, () => unknown, string]>([
    ['nothing', () => undefined, '403 insufficient_scope'],
    ['the empty string', () => '', '403 insufficient_scope'],
    ['the id in another case', () => ORGANIZATION.toUpperCase(), '403 insufficient_scope'],
    ['the whole audience', () => `urn:logto:organization:${ORGANIZATION}`, '403 insufficient_scope'],
    ['a String object', () => Object(ORGANIZATION), '403 insufficient_scope'],
    ['a list', () => [ORGANIZATION], '403 insufficient_scope'],
    ['a promise', () => Promise.resolve(ORGANIZATION), '500'],
    ['a promise that rejects', () => Promise.reject(new Error('no')), '500'],
    ['a promise that is never settled', () => new Promise(() => {}), '500'],
  ])('refuses the token if the organization function returns %s', async (_what, organization, expected) => {
    const app = express();
    const guard = auth.requireOrganizationScopes('read:reports', {
      organization: organization as () => string,
    });
    app.get('/organizations/:organizationId', guard, (_req, res) => void res.json('ran'));
    const token = await own();
    expect([await outcome(app, token), await outcome(app, token)]).toEqual([expected, expected]);
  });

  it('names the required return type if the organization function returns a promise', async () => {
    const failed = vi.fn();
    const guard = auth.requireOrganizationScopes('read:reports', {
      organization: (async () => ORGANIZATION) as unknown as () => string,
    });
    const app = express().get('/organizations/:organizationId', guard);
    app.use(((error, _req, res, _next) => {
      failed(error);
      res.status(500).end();
    }) satisfies ErrorRequestHandler);
    await outcome(app, await own());
    expect(failed.mock.calls).toEqual([
      [new TypeError('The organization function must return a string at once, not a Promise.')],
    ]);
  });

  it.each([undefined, 'route', new Error('mine')])(
    'responds with 500 if the organization function throws %s',
    async (thrown) => {
      const app = express();
      const organization = () => {
        throw thrown;
      };
      const guard = auth.requireOrganizationScopes('read:reports', { organization });
      app.get('/organizations/:organizationId', guard, (_req, res) => void res.json('ran'));
      app.get('/organizations/:organizationId', (_req, res) => void res.json('went on'));
      const token = await own();
      expect([await outcome(app, token), await outcome(app, token)]).toEqual(['500', '500']);
    },
  );

  it('requires the permissions, and a machine unless machineOnly is false', async () => {
    expect(await outcome(reports(), await own(ORGANIZATION, { scopes: [] }))).toBe('403 insufficient_scope');
    const both = express();
    const guard = auth.requireOrganizationScopes('read:reports', 'write:reports', {
      organization: (req) => req.params.organizationId,
    });
    both.get('/organizations/:organizationId', guard, (_req, res) => void res.json('ran'));
    expect(await outcome(both, await own())).toBe('403 insufficient_scope');
    const scopes = 'write:reports read:reports';
    expect(await outcome(both, await own(ORGANIZATION, { scopes }))).toBe('ran');
    expect(await outcome(reports(), await own(ORGANIZATION, { subject: 'user-1' }))).toBe(
      '403 insufficient_scope',
    );
    const forUsers = createLogtoAuth({ endpoint: logto.endpoint, machineOnly: false });
    expect(await outcome(reports(forUsers), await own(ORGANIZATION, { subject: 'user-1' }))).toBe(
      ORGANIZATION,
    );
  });

  it('works in an instance without an audience, where the other guards throw', async () => {
    const instance = createLogtoAuth({ endpoint: logto.endpoint });
    expect(await outcome(reports(instance), await own())).toBe(ORGANIZATION);
    expect(() => instance.requireScopes('read:products')).toThrow(
      /^requireScopes: LOGTO_AUDIENCE, .* is not set, and no `audience` was passed\. Set it before this runs/,
    );
    expect(() => instance.requireAnyScope('read:products')).toThrow(/^requireAnyScope: LOGTO_AUDIENCE/);
    expect(() => instance.authenticate()).toThrow(/^authenticate: LOGTO_AUDIENCE/);
    expect(() => instance.requireScopes('read:products', { audience: AUDIENCE })).not.toThrow();
  });

  it("is the only guard that accepts an organization's own token", async () => {
    for (const organization of ['none', 'optional', 'required'] as const) {
      expect(
        await outcome(shop({ organization }), await own(ORGANIZATION, { scopes: 'read:products' })),
      ).toBe('401 invalid_token');
    }
  });
});
