import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createLogtoAuth, type DeniedMessage } from 'express-logto-m2m';
import type { TestLogto } from 'express-logto-m2m/testing';
import { createApp } from '../../example-server/dist/app.js';
import { serve } from '../../example-server/dist/http/serve.js';
import { apps, shoppingApi, startLocalLogto } from '../../example-server/dist/local-logto.js';
import { askForToken, issuedToken, type Token, type TokenRequest } from './tokens.js';

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
  /** Empty if there is none. */
  body: string;
  /** Why the middleware refused the request, if it did. */
  denied?: DeniedMessage['error'];
}

/** The shop's API and a local Logto, which communicate over HTTP. */
export class Servers {
  readonly #denials: DeniedMessage['error'][] = [];
  readonly #noteDenied = (message: unknown) => this.#denials.push((message as DeniedMessage).error);

  private constructor(
    private readonly logto: TestLogto,
    private readonly api: Awaited<ReturnType<typeof serve>>,
  ) {
    // Where a real API would attach its log or its metrics.
    subscribe('express-logto-m2m:denied', this.#noteDenied);
  }

  /** Starts both servers, each on a free port. */
  static async start(): Promise<Servers> {
    const logto = await startLocalLogto();
    const auth = createLogtoAuth({ endpoint: logto.endpoint, audience: shoppingApi });
    return new Servers(logto, await serve(createApp(auth), 0));
  }

  get apiUrl(): string {
    return this.api.url;
  }

  get issuer(): string {
    return this.logto.issuer;
  }

  /** Requests a token for an app, as that app does. */
  ask(appName: string, request: TokenRequest): Promise<Token> {
    return askForToken(this.issuer, appNamed(appName), request);
  }

  /** Issues a token that no app can request here: an expired one, or one for another API. */
  async issue(
    appName: string,
    options: { audience?: string; scope: string; expiresIn?: number },
  ): Promise<Token> {
    const { audience = shoppingApi, scope, expiresIn } = options;
    const clientId = appNamed(appName).id;
    const text = await this.logto.issueToken({ clientId, scopes: scope, audience, expiresIn });
    return issuedToken(text, appName, audience, scope);
  }

  /** Calls the API. One call at a time, so that each refusal belongs to the current call. */
  async call({ method, path, token, body }: Call): Promise<Answer> {
    const response = await fetch(this.apiUrl + path, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token.text}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const [denied] = this.#denials.splice(0);
    const challenge = response.headers.get('www-authenticate');
    return {
      status: response.status,
      statusText: response.statusText,
      ...(challenge !== null && { challenge }),
      body: await response.text(),
      ...(denied && { denied }),
    };
  }

  async close(): Promise<void> {
    unsubscribe('express-logto-m2m:denied', this.#noteDenied);
    await this.api.stop();
    await this.logto.stop();
  }
}

function appNamed(appName: string) {
  const app = apps.find(({ name }) => name === appName);
  if (app === undefined) throw new Error(`The local Logto has no app named ${appName}.`);
  return { name: app.name, id: app.appId, secret: app.appSecret };
}
