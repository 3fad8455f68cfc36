import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createM2MClient } from '../../src/client/index.js';
import { createLogtoAuth } from '../../src/index.js';
import { startTestLogto } from '../../src/testing/index.js';
import { type Application, shopDirectory } from '../local-issuer/directory.js';
import { startLocalIssuer } from '../local-issuer/local-issuer.js';
import { failureOf } from '../support/client.js';
import { answerTo, RECORDED, recordedRequests, type StandIn } from '../support/recorded-answers.js';

/** Requests to which the test kit responds differently from Logto, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'org+mgmt': 'the kit has one API, and no Management API',
  'organizations resource': 'no API may trust such a token',
  'organizations resource, member': 'no API may trust such a token',
  'mgmt no role': 'the kit has one API, and no Management API',
  two: 'the kit has one API, so that the other one is unknown',
  discovery: 'the kit names what clients go by, and nothing for users',
  'as metadata': 'clients ask for the other one',
  root: 'a page for people',
  'introspect jwt': 'Logto refuses it for every token of an app',
  'revoke jwt': 'Logto refuses it for every token of an app',
  'introspect garbage': 'the kit has no such endpoint',
  'revoke garbage': 'the kit has no such endpoint',
  userinfo: 'the kit has no users',
  'CORS preflight': 'an app that keeps a secret is no page of a browser',
};

const logto = await startTestLogto({ audience: 'https://shopping.api' });
afterAll(() => logto.stop());

const READING = ['read:products', 'read:orders'];
const INSIDE = ['read:products', 'write:products', 'read:reports'];
const apps = {
  ST: await logto.addApp({ scopes: READING }),
  STR: await logto.addApp(),
  PA: await logto.addApp({ organizations: { tgqjike3k7pu: INSIDE } }),
};
const { ST, STR, PA } = apps;
const standIn: StandIn = {
  endpoint: logto.endpoint,
  ids: { ST: ST.appId, STR: STR.appId, PA: PA.appId, ORG: 'tgqjike3k7pu', OTHER: 'w1h7qob3z0o3' },
  secrets: { ST: ST.appSecret, STR: STR.appSecret, PA: PA.appSecret },
};
const requests = recordedRequests(standIn, 'a.b.c');
const recordedAs = (name: string) => {
  const { vary, ...recorded } = RECORDED[name] ?? {};
  return recorded;
};

describe('the Logto of the test kit responds as Logto did when it was recorded:', () => {
  const cases = Object.entries(requests).filter(([name]) => !Object.hasOwn(EXCEPTIONS, name));
  it.each(cases)('%s', async (name, request) => {
    expect(await answerTo(request, standIn)).toEqual(recordedAs(name));
  });
});

it.each(Object.keys(EXCEPTIONS))('the test kit still responds differently from Logto: %s', async (name) => {
  expect(await answerTo(requests[name] as never, standIn)).not.toEqual(recordedAs(name));
});

describe("the test kit responds like Logto's engine to requests that were not recorded:", () => {
  const directory = shopDirectory();
  const [statistics] = directory.applications as [Application];
  Object.assign(statistics, { id: ST.appId, secret: ST.appSecret });
  let engine: StandIn;
  beforeAll(async () => {
    const issuer = await startLocalIssuer({ directory });
    onEnd = issuer.stop;
    engine = { ...standIn, endpoint: issuer.endpoint };
  });
  let onEnd: () => Promise<void> = async () => {};
  afterAll(() => onEnd());

  const FORM = 'application/x-www-form-urlencoded';
  const grant = 'grant_type=client_credentials&resource=https%3A%2F%2Fshopping.api&scope=read%3Aproducts';
  const basic = (credentials: string, scheme = 'Basic') =>
    `${scheme} ${Buffer.from(credentials).toString('base64')}`;
  const good = `${ST.appId}:${ST.appSecret}`;
  it.each<[what: string, authorization: string | undefined, body: string, type?: string]>([
    ['the scheme in lower case', basic(good, 'basic'), grant],
    ['two spaces after the scheme', basic(good, 'Basic '), grant],
    ['invalid base64', 'Basic !!!!', grant],
    ['an empty id', basic(`:${ST.appSecret}`), grant],
    ['a secret with a line break', basic(`${good}%0A`), grant],
    ['an id with a line break', basic(`${ST.appId}%0A:${ST.appSecret}`), grant],
    ['a secret with a non-ASCII character', basic(`${good}%C3%BC`), grant],
    ['a secret that is not UTF-8', basic(`${good}%FF`), grant],
    ['a secret with a percent sign', basic(`${good}%`), grant],
    ['a secret with a plus', basic(`${good}+`), grant],
    ['another id in the body', basic(good), `${grant}&client_id=other`],
    ['an empty id in the body', basic(good), `${grant}&client_id=`],
    ['an empty secret in the body', undefined, `${grant}&client_id=${ST.appId}&client_secret=`],
    ['the secret twice in the body', undefined, `${grant}&client_id=a&client_secret=b&client_secret=c`],
    ['grant_type twice', basic(good), `${grant}&grant_type=client_credentials`],
    ['an empty grant_type', basic(good), 'grant_type=&resource=https%3A%2F%2Fshopping.api'],
    ['an unknown grant_type', basic(good), 'grant_type=none'],
    ['the implicit grant', basic(good), 'grant_type=implicit'],
    ['a form sent as text/plain', basic(good), grant, 'text/plain'],
    ['a form with a charset', basic(good), grant, `${FORM}; charset=utf-8`],
    ['incomplete JSON', basic(good), '{"grant_type":', 'application/json'],
    ['an empty body', basic(good), ''],
  ])('%s', async (_what, authorization, body, type = FORM) => {
    const request = {
      method: 'POST',
      path: '/oidc/token',
      headers: { 'content-type': type, ...(authorization !== undefined && { authorization }) },
      body,
    };
    expect(await answerTo(request, standIn)).toEqual(await answerTo(request, engine));
  });
});

it('the discovery document names what clients need', async () => {
  const url = `${logto.issuer}/.well-known/openid-configuration`;
  const { issuer } = logto;
  expect(await (await fetch(url)).json()).toMatchObject({
    issuer,
    jwks_uri: `${issuer}/jwks`,
    token_endpoint: `${issuer}/token`,
  });
});

describe('an app of the test kit', () => {
  const own = () => startTestLogto({ audience: 'https://shopping.api' });
  const { endpoint, audience: resource } = logto;
  const auth = createLogtoAuth({ endpoint, audience: resource });

  it('gets tokens that guards accept, with the given lifetime', async () => {
    const app = await logto.addApp({ scopes: 'read:products read:orders', expiresIn: 120 });
    const client = createM2MClient({ ...app, endpoint, resource, scopes: ['read:products', 'no:such'] });
    const { token, scopes, expiresAt } = await client.getAccessToken();
    expect(scopes).toEqual(['read:products']);
    expect(Math.abs(Date.now() / 1000 + 120 - expiresAt)).toBeLessThan(5);
    expect(await auth.verify(token, { scopes: ['read:products'] })).toMatchObject({ clientId: app.appId });
  });

  it("gets tokens for an API in an organization, and the organization's own tokens", async () => {
    const app = await logto.addApp({ organizations: { o1: 'read:products', o2: [] } });
    const scopes = ['read:products'];
    const inside = createM2MClient({ ...app, endpoint, resource, organizationId: 'o1', scopes });
    const options = { scopes, organization: { id: 'o1' } };
    expect(await auth.verify((await inside.getAccessToken()).token, options)).toMatchObject({
      organizationId: 'o1',
    });
    const its = createM2MClient({ ...app, endpoint, organizationId: 'o1', scopes });
    const { token } = await its.getAccessToken();
    expect(await auth.verify(token, { scopes, organizationToken: { id: 'o1' } })).toMatchObject({
      organizationId: 'o1',
    });
    const empty = createM2MClient({ ...app, endpoint, organizationId: 'o2', scopes });
    expect(await empty.getAccessToken()).toMatchObject({ scopes: [] });
    const other = createM2MClient({ ...app, endpoint, organizationId: 'o3' });
    expect(await failureOf(other.getAccessToken())).toMatchObject({ code: 'access_denied', status: 403 });
  });

  it('needs its secret, and has the permissions of the last addApp call', async () => {
    const { appId } = await logto.addApp({ appId: 'reports', appSecret: 'first', scopes: 'read:products' });
    const ask = (appSecret: string) =>
      createM2MClient({ endpoint, appId, appSecret, resource, scopes: ['read:products'] }).getAccessToken();
    expect(await ask('first')).toMatchObject({ scopes: ['read:products'] });
    expect(await failureOf(ask('other'))).toMatchObject({ code: 'invalid_client', status: 401 });
    await logto.addApp({ appId, appSecret: 'first' });
    expect(await ask('first')).toMatchObject({ scopes: [] });
  });

  it('may have any secret that Logto can generate', async () => {
    const appSecret = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => 32 + index)).trim();
    const app = await logto.addApp({ appId: 'a:b+c d%e', appSecret });
    const { token } = await createM2MClient({ ...app, endpoint, resource }).getAccessToken();
    expect(await auth.verify(token)).toMatchObject({ clientId: 'a:b+c d%e' });
  });

  it('sends one token request for many callers, which tokenRequests counts', async () => {
    const another = await own();
    const app = await another.addApp();
    const client = createM2MClient({ ...app, endpoint: another.endpoint, resource });
    await Promise.all(Array.from({ length: 20 }, client.getAccessToken));
    expect(another.tokenRequests).toBe(1);
    await another.stop();
  });
});
