import express, { type RequestHandler } from 'express';
import { expect } from 'vitest';
import { createLogtoAuth } from '../../src/index.js';
import { runBuilt } from '../support/built-command.js';
import { API, Recorder, type TokenIssuer } from '../support/client.js';
import type { LogtoRefusal } from '../support/logto-refusals.js';
import { createSigningKey, signJws } from '../support/signing.js';
import { type CommandOptions, logtoM2M } from './command.js';

export interface Checked {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What is wrong, each in a line with its fix behind it. */
  readonly problems: readonly string[];
}

export interface DoctorOptions extends CommandOptions {
  readonly app?: string;
  /** How far its clock is ahead, in seconds. It then runs in a process of its own. */
  readonly clockAhead?: number;
}

export type Variables = Record<string, string | undefined>;

/** Runs the doctor with an app of this Logto. Whatever is asked, neither a secret nor a token is shown. */
export async function runDoctor(
  logto: TokenIssuer,
  args: readonly string[] = [],
  env: Variables = {},
  { app, clockAhead, ...options }: DoctorOptions = {},
): Promise<Checked> {
  const { id, secret } = logto.app(app);
  const set = {
    LOGTO_ENDPOINT: logto.endpoint,
    LOGTO_AUDIENCE: API,
    LOGTO_APP_ID: id,
    LOGTO_APP_SECRET: secret,
  };
  const command = ['doctor', ...args];
  const variables = { ...set, ...env };
  // Node reads its own variables when a process starts.
  const outcome =
    clockAhead === undefined && !Object.keys(variables).some((name) => name.startsWith('NODE_'))
      ? await logtoM2M(command, { ...options, env: variables })
      : await runBuilt(command, { env: variables, ...(clockAhead !== undefined && { clockAhead }) });
  const found = outcome.stdout.match(/^✗ .*\n +→ .*$/gm) ?? [];
  const problems = found.map((lines) => lines.replace(/\n +→ /, ' → '));
  expect(outcome.stdout + outcome.stderr).not.toContain(secret);
  expect(outcome.stdout + outcome.stderr).not.toContain('eyJ');
  return { ...outcome, problems };
}

/** Without an app: then Logto alone is looked at. */
export const NO_APP: Variables = { LOGTO_APP_ID: '', LOGTO_APP_SECRET: '' };

/** An API with one route, `/products`, behind these handlers. */
export function startApi(...handlers: RequestHandler[]): Promise<Recorder> {
  const app = express();
  app.get('/products', ...handlers, (_req, res) => void res.json([]));
  return Recorder.start(app);
}

/** Guards it as an API of this Logto does, or of another. */
export function guardOf(
  logto: TokenIssuer,
  audience = API,
  scope = 'read:products',
  endpoint = logto.endpoint,
): RequestHandler {
  return createLogtoAuth({ endpoint, audience }).requireScopes(scope) as RequestHandler;
}

/** Responds for Logto: with its keys and with this discovery document; all responses have these headers. */
export async function startFront(
  logto: TokenIssuer,
  discovery: (url: string) => object = (url) => ({ issuer: `${url}/oidc` }),
  headers: Record<string, string> = {},
): Promise<Recorder> {
  const jwks = await (await fetch(`${logto.endpoint}/oidc/jwks`)).text();
  const front: Recorder = await Recorder.start((req, res) => {
    res.writeHead(200, { 'content-type': 'application/json', ...headers });
    res.end(req.url === '/oidc/jwks' ? jwks : JSON.stringify(discovery(front.url)));
  });
  return front;
}

/** Responds for Logto: with its keys, and to a token request with this refusal. */
export async function startRefusing(
  logto: TokenIssuer,
  { status, ...body }: LogtoRefusal,
): Promise<Recorder> {
  const jwks: unknown = await (await fetch(`${logto.endpoint}/oidc/jwks`)).json();
  return startTokenEndpoint(jwks, () => ({ status, body }));
}

/** Responds for Logto: with a key of its own, and with tokens of this app in which a script has set these claims. */
export function startIssuing(appId: string, claims: object): Promise<Recorder> {
  const key = createSigningKey();
  const header = { alg: key.alg, typ: 'at+jwt', kid: key.kid };
  const scope = 'read:products';
  return startTokenEndpoint({ keys: [key.publicJwk] }, (iss) => {
    const iat = Math.floor(Date.now() / 1000);
    const common = { iss, aud: API, sub: appId, client_id: appId, jti: 'a', iat, exp: iat + 3600, scope };
    const token = signJws(header, { ...common, ...claims }, key);
    return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: 3600, scope } };
  });
}

async function startTokenEndpoint(
  jwks: unknown,
  respond: (issuer: string) => { readonly status: number; readonly body: object },
): Promise<Recorder> {
  const front: Recorder = await Recorder.start((req, res) => {
    const issuer = `${front.url}/oidc`;
    const responses: Record<string, () => { readonly status: number; readonly body: unknown }> = {
      '/oidc/token': () => respond(issuer),
      '/oidc/jwks': () => ({ status: 200, body: jwks }),
      '/oidc/.well-known/openid-configuration': () => ({ status: 200, body: { issuer } }),
    };
    const { status, body } = responses[req.url ?? '']?.() ?? { status: 404, body: {} };
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  return front;
}

/** All parameters but the first. */
export type Tail<T extends unknown[]> = T extends [unknown, ...infer Rest] ? Rest : never;
