import { afterAll, describe, expect, it } from 'vitest';
import { shopDirectory } from './local-issuer/directory.js';
import { startLocalIssuer } from './local-issuer/local-issuer.js';
import { answerTo, RECORDED, recordedRequests, type StandIn } from './support/recorded-answers.js';

/** Requests to which the response of the stand-in differs from that of Logto, with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  discovery: 'Logto also names endpoints and claims for users, which the stand-in lacks',
  'as metadata': 'the same document',
  root: 'a page for people',
  userinfo: 'the stand-in has no users',
};

const directory = shopDirectory();
const issuer = await startLocalIssuer({ directory });
afterAll(() => issuer.stop());

const appNamed = (name: string) => {
  const app = directory.applications.find((one) => one.name === name);
  if (app === undefined) throw new Error(`There is no app ${name}.`);
  return app;
};
const apps = {
  ST: appNamed('statistics-service'),
  STR: appNamed('stranger-service'),
  PA: appNamed('partner-service'),
};
const standIn: StandIn = {
  endpoint: issuer.endpoint,
  ids: { ST: apps.ST.id, STR: apps.STR.id, PA: apps.PA.id, ORG: 'tgqjike3k7pu', OTHER: 'w1h7qob3z0o3' },
  secrets: { ST: apps.ST.secret, STR: apps.STR.secret, PA: apps.PA.secret },
};
const granted = await fetch(`${issuer.issuer}/token`, {
  method: 'POST',
  headers: { authorization: `Basic ${Buffer.from(`${apps.ST.id}:${apps.ST.secret}`).toString('base64')}` },
  body: new URLSearchParams({ grant_type: 'client_credentials', resource: 'https://shopping.api' }),
});
const { access_token: token } = (await granted.json()) as { access_token: string };
const requests = recordedRequests(standIn, token);

it('the requests match the recording', () => {
  expect(Object.keys(requests)).toEqual(Object.keys(RECORDED));
});

describe('the stand-in responds as Logto did:', () => {
  const cases = Object.entries(requests).filter(([name]) => !Object.hasOwn(EXCEPTIONS, name));
  it.each(cases)('%s', async (name, request) => {
    const { vary, ...recorded } = RECORDED[name] ?? {};
    expect(await answerTo(request, standIn)).toEqual(recorded);
  });
});

describe('the stand-in responds differently:', () => {
  it.each(Object.entries(EXCEPTIONS))('%s (%s)', async (name) => {
    const { vary, ...recorded } = RECORDED[name] ?? {};
    const answer = await answerTo(requests[name] as never, standIn);
    expect(answer).not.toEqual(recorded);
  });

  it('but the discovery document has the members that machine-to-machine clients use', async () => {
    const members = ({ body }: Record<string, unknown>) => {
      const {
        issuer: iss,
        jwks_uri,
        token_endpoint,
        introspection_endpoint,
        revocation_endpoint,
      } = body as Record<string, unknown>;
      return { iss, jwks_uri, token_endpoint, introspection_endpoint, revocation_endpoint };
    };
    const answer = await answerTo(requests['discovery'] as never, standIn);
    expect(members(answer)).toEqual(members(RECORDED['discovery'] ?? {}));
  });
});
