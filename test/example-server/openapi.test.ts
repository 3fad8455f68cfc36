import { Validator } from '@seriousme/openapi-schema-validator';
import { createLogtoAuth } from 'express-logto-m2m';
import request, { type Response, type Test } from 'supertest';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createApp } from '../../example-server/app.js';
import { shopDirectory } from '../../example-server/local-issuer/directory.js';
import { startLocalIssuer } from '../../example-server/local-issuer/local-issuer.js';
import { Catalogue } from '../../example-server/shop/catalogue.js';
import type { PartnerShop, Shop } from '../../example-server/shop/shop.js';
import {
  AnswerChecker,
  type DescribedOperation,
  type OpenApiDocument,
  operationsOf,
} from '../support/openapi.js';

const resource = 'https://shopping.api';
const cornerShop = 'tgqjike3k7pu';
const nightShop = 'n7jd2k5l8s0x';
const newProduct = { name: 'Green tea', price: { cents: 790, currency: 'EUR' }, stock: 60 };

// At Logto, partner-service may do all in two organizations, one of which the shop does not know.
const directory = shopDirectory();
directory.organizations.push({ id: nightShop, name: 'Night Shop' });
const [, catalog, , partner] = directory.applications;
if (!catalog || !partner) throw new Error('no apps');
const roles = {
  permissions: ['read:reports'],
  grants: { [resource]: ['read:products', 'write:products', 'delete:products'] },
};
partner.organizations = { [cornerShop]: roles, [nightShop]: roles };

const logto = await startLocalIssuer({ directory });
const auth = createLogtoAuth({ endpoint: logto.endpoint, audience: resource });
const document: OpenApiDocument = (await request(createApp(auth)).get('/openapi.json')).body;
const operations = operationsOf(document);
const checker = new AnswerChecker(document);

afterAll(() => logto.stop());

it('is an OpenAPI 3.1 document', async () => {
  const validator = new Validator();
  expect(await validator.validate(structuredClone({ ...document }))).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

it('describes every guarded route, with the permission that its guard asks for', () => {
  const watched = { ...auth };
  const guards = [vi.spyOn(watched, 'requireScopes'), vi.spyOn(watched, 'requireOrganizationScopes')];
  createApp(watched);
  const made = guards.flatMap(({ mock }) => mock.calls.map(([scope]) => String(scope)));
  expect(made.sort()).toEqual(operations.map(({ scope }) => scope).sort());
});

it('knows each permission by the scheme whose tokens carry it', () => {
  for (const { scheme, scope } of operations) {
    expect(document.components.securitySchemes[scheme]?.flows.clientCredentials.scopes).toHaveProperty([
      scope,
    ]);
  }
});

/** Gets a token as the document says, so that a client which is made from it can get one too. */
async function tokenBy(scheme: string, scopes: string[], organization = cornerShop): Promise<string> {
  const described = document.components.securitySchemes[scheme];
  if (!described) throw new Error(`no scheme ${scheme}`);
  const { 'x-token-parameters': parameters, flows } = described;
  const app = 'organization_id' in parameters ? partner : catalog;
  const response = await fetch(flows.clientCredentials.tokenUrl, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${app?.id}:${app?.secret}`).toString('base64')}` },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: scopes.join(' '),
      ...parameters,
      ...('organization_id' in parameters && { organization_id: organization }),
    }),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}

const otherScopes = ({ scheme, scope }: DescribedOperation) =>
  Object.keys(document.components.securitySchemes[scheme]?.flows.clientCredentials.scopes ?? {}).filter(
    (other) => other !== scope,
  );

/** Sends what an operation takes, to a shop of its own. */
function send(
  operation: DescribedOperation,
  token?: string,
  { app = createApp(auth), path = operation.path() } = {},
): Test {
  const sent = request(app)[operation.method](path);
  if (token !== undefined) sent.set('Authorization', `Bearer ${token}`);
  return operation.hasBody ? sent.send(newProduct) : sent;
}

const authorized = async (operation: DescribedOperation, organization?: string) =>
  tokenBy(operation.scheme, [operation.scope], organization);

/** How to get each answer that the document describes; any other status is a success. */
const provocations: Record<string, (operation: DescribedOperation) => Promise<Response>> = {
  400: async (operation) => send(operation, ''),
  401: async (operation) => send(operation),
  403: async (operation) => send(operation, await tokenBy(operation.scheme, otherScopes(operation))),
  404: async (operation) => {
    const [parameters, organization] = operation.path().includes('p1001')
      ? [{ id: 'p9999' }, undefined]
      : [{ organizationId: nightShop }, nightShop];
    return send(operation, await authorized(operation, organization), { path: operation.path(parameters) });
  },
  413: async (operation) =>
    send(operation, await authorized(operation)).send({ ...newProduct, name: 'x'.repeat(20_000) }),
  415: async (operation) =>
    send(operation, await authorized(operation)).set('Content-Type', 'application/json; charset=klingon'),
  500: async (operation) =>
    send(operation, await authorized(operation), { app: createApp(auth, brokenShop()) }),
  503: async (operation) => {
    const token = await authorized(operation);
    const outage = createLogtoAuth({
      issuers: [{ issuer: logto.issuer, jwksUri: 'http://127.0.0.1:9/jwks' }],
      audience: resource,
    });
    return send(operation, token, { app: createApp(outage) });
  },
};

/** A shop whose data cannot be read. */
function brokenShop(): Shop {
  const fail = (): never => {
    throw new Error('the disk is on fire');
  };
  const broken = { list: fail, find: fail, add: fail, replace: fail, remove: fail };
  const catalogue: Catalogue = Object.assign(new Catalogue([]), broken);
  const reports = new Proxy<PartnerShop['reports']>([], { get: fail });
  return {
    catalogue,
    orders: new (class extends Map {
      override get = fail;
    })(),
    organizations: new Map([[cornerShop, { name: 'Corner Shop', catalogue, reports }]]),
  };
}

describe.each(operations)('$id', (operation) => {
  beforeAll(() => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    return () => log.mockRestore();
  });

  it.each(Object.keys(operation.answers))('answers %s as described', async (status) => {
    const provoke = provocations[status] ?? (async (it) => send(it, await authorized(it)));
    const response = await await provoke(operation);
    expect({ status: response.status, faults: checker.faults(operation.answers[status], response) }).toEqual({
      status: Number(status),
      faults: [],
    });
  });

  it.each(Object.keys(operation.answers).filter((status) => provocations[status]))(
    'shows for %s the very challenge and body that a caller gets',
    async (status) => {
      const response = await provocations[status]?.(operation);
      const { headers, content } = operation.answers[status] ?? {};
      expect(response?.headers['www-authenticate']).toBe(headers?.['WWW-Authenticate']?.example);
      expect(response?.body).toEqual(content?.['application/json']?.example);
    },
  );

  it('answers a token that is no good, and wrong input, as described too', async () => {
    const forged = await send(operation, 'junk');
    expect([forged.status, checker.faults(operation.answers['401'], forged)]).toEqual([401, []]);
    expect(forged.body).toMatchObject({ error: 'invalid_token' });

    const path = operation.path({ id: 'tea', date: 'today' });
    if (path === operation.path() && !operation.hasBody) return;
    const sent = send(operation, await authorized(operation), { path });
    const wrong = await (operation.hasBody ? sent.send({ ...newProduct, stock: 'many' }) : sent);
    expect([wrong.status, checker.faults(operation.answers['400'], wrong)]).toEqual([400, []]);
    expect(wrong.headers).not.toHaveProperty('www-authenticate');
  });
});

it('would notice an answer that is not as described', async () => {
  const answer = operations.find(({ id }) => id === 'addProduct')?.answers['201'];
  const like = (body: object, headers: object) => ({ body, headers }) as unknown as Response;
  const headers = { 'content-type': 'application/json; charset=utf-8', location: '/products/p1007' };
  expect(checker.faults(answer, like({ id: 'p1007', ...newProduct }, headers))).toEqual([]);
  expect(checker.faults(answer, like({ id: 'p1007', ...newProduct, stock: '60' }, headers))).toEqual([
    '/stock must be integer',
  ]);
  expect(checker.faults(answer, like({ id: 'p1007' }, { 'content-type': 'text/html' }))).toEqual([
    'has no Location',
    'is text/html',
  ]);
});
