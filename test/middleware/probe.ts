import express, { type ErrorRequestHandler, type Express } from 'express';
import { createLogtoAuth, type LogtoAuth, type LogtoAuthOptions } from '../../src/index.js';
import { AUDIENCE, sharedLogto } from '../support/logto.js';

/** The Logto that the tests of one file share. */
export const logto = await sharedLogto();

export const instance = (options: LogtoAuthOptions): LogtoAuth =>
  createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE, ...options });

export interface Probe {
  readonly app: Express;
  /** Whether a handler ran. */
  ran(): boolean;
  /** The last value that reached the error handler. */
  failure(): unknown;
  /** All values that reached the error handler. */
  readonly failures: readonly unknown[];
}

/** An app that records whether its handler ran and what reached its error handler. */
export function appWith(options: LogtoAuthOptions): Probe {
  const { requireScopes } = instance(options);
  const app = express();
  let ran = false;
  const failures: unknown[] = [];
  app.get('/', requireScopes('read:products'), (_req, res) => {
    ran = true;
    res.end();
  });
  // next('route') and next('router') would lead here.
  app.get('/', (_req, res) => {
    ran = true;
    res.end();
  });
  const handle: ErrorRequestHandler = (error, _req, res, _next) => {
    failures.push(error);
    if (!res.headersSent) res.status(error.status ?? 500).json({ failed: true });
  };
  // The second is reached only if a request fails twice.
  app.use(handle, handle);
  return { app, ran: () => ran, failure: () => failures.at(-1), failures };
}

/** Values that no user's function may return. */
export const odd: [what: string, value: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['0', 0],
  ['the empty string', ''],
  ['a string', 'false'],
  ['an object', {}],
  ['NaN', Number.NaN],
  ['a list', []],
  ['a Boolean object', Object(false)],
  ['a function', () => false],
];

/** A value that can be awaited but is not a Promise, such as a query of a database library. */
export function thenable(
  then: (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => void,
) {
  return { then } as unknown as Promise<boolean>;
}

/** What a promise of another library may do, and the resulting status of the request. */
export const thenables: [what: string, make: () => Promise<boolean>, status: number][] = [
  ['resolves to false', () => thenable((resolve) => resolve(false)), 200],
  ['resolves to false later', () => thenable((resolve) => setTimeout(resolve, 5, false)), 200],
  ['resolves to true', () => thenable((resolve) => resolve(true)), 401],
  ['resolves to undefined', () => thenable((resolve) => resolve(undefined)), 500],
  [
    'resolves to a thenable that resolves to true',
    () => thenable((resolve) => resolve(Promise.resolve(true))),
    401,
  ],
  [
    'resolves to one that rejects',
    () => thenable((resolve) => resolve(thenable((_, reject) => reject(0)))),
    500,
  ],
  ["rejects with 'route'", () => thenable((_, reject) => reject('route')), 500],
  [
    'resolves to true, and then to false',
    () =>
      thenable((resolve) => {
        resolve(true);
        resolve(false);
      }),
    401,
  ],
  [
    'rejects, and then resolves to false',
    () =>
      thenable((resolve, reject) => {
        reject(undefined);
        resolve(false);
      }),
    500,
  ],
  [
    'throws',
    () =>
      thenable(() => {
        throw undefined;
      }),
    500,
  ],
  [
    'has a `then` that cannot be read',
    () =>
      Object.defineProperty({}, 'then', {
        get() {
          throw 'route';
        },
      }) as Promise<boolean>,
    500,
  ],
];
