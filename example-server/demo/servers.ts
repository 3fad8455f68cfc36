import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createLogtoAuth, type DeniedMessage } from 'express-logto-m2m';
import { createApp } from '../app.js';
import { serve } from '../http/serve.js';
import { shopDirectory } from '../local-issuer/directory.js';
import { startLocalIssuer } from '../local-issuer/local-issuer.js';
import { askForToken, type Token, type TokenRequest } from './tokens.js';

export const shoppingApi = 'https://shopping.api';

export interface Call {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  token?: Token;
  body?: unknown;
}

/** The response of the API, and the details for its operator. */
export interface Answer {
  status: number;
  statusText: string;
  /** The `WWW-Authenticate` header. */
  challenge?: string;
  /** Empty where there is none. */
  body: string;
  /** Why the middleware refused the request, if it did. */
  denied?: DeniedMessage['error'];
}

/** The shop's API and a stand-in for Logto, which communicate over HTTP. */
export interface Servers {
  apiUrl: string;
  issuer: string;
  /** Gets an app a token. */
  ask(appName: string, request: TokenRequest): Promise<Token>;
  /** Calls the API. One call at a time, so that each refusal belongs to the call under way. */
  call(call: Call): Promise<Answer>;
  /** How long new tokens for the shop's API live, as an admin sets it in the Logto Console; in seconds. */
  setTokenTtl(seconds: number): void;
  close(): Promise<void>;
}

/** Starts both servers, each on a free port. */
export async function startServers(): Promise<Servers> {
  const directory = shopDirectory();
  const logto = await startLocalIssuer({ directory });
  const auth = createLogtoAuth({ endpoint: logto.endpoint, audience: shoppingApi });
  const api = await serve(createApp(auth), 0);

  // Where a real API would bind its logger or its metrics.
  const denials: DeniedMessage['error'][] = [];
  const noteDenied = (message: unknown) => denials.push((message as DeniedMessage).error);
  subscribe('express-logto-m2m:denied', noteDenied);

  return {
    apiUrl: api.url,
    issuer: logto.issuer,

    async ask(appName, request) {
      const app = directory.applications.find(({ name }) => name === appName);
      if (!app) throw new Error(`The directory has no app named ${appName}.`);
      return askForToken(logto.issuer, app, request);
    },

    async call({ method, path, token, body }) {
      const response = await fetch(api.url + path, {
        method,
        headers: {
          ...(token && { authorization: `Bearer ${token.text}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const [denied] = denials.splice(0);
      const challenge = response.headers.get('www-authenticate');
      return {
        status: response.status,
        statusText: response.statusText,
        ...(challenge !== null && { challenge }),
        body: await response.text(),
        ...(denied && { denied }),
      };
    },

    setTokenTtl(seconds) {
      for (const resource of directory.resources) {
        if (resource.indicator === shoppingApi) resource.accessTokenTtl = seconds;
      }
    },

    async close() {
      unsubscribe('express-logto-m2m:denied', noteDenied);
      await api.stop();
      await logto.stop();
    },
  };
}
