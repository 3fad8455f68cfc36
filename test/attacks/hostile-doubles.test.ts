import { setTimeout as sleep } from 'node:timers/promises';
import type { NextFunction, Request, Response } from 'express';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AuthError, createLogtoAuth, type LogtoAuthOptions } from '../../src/index.js';
import { AUDIENCE, forgedToken, readingToken, sharedLogto } from '../support/logto.js';

/** The number of cases of each property. `npm run fuzz` runs 100,000. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 150);

const logto = await sharedLogto();
const unhandled = vi.fn();
beforeAll(() => void process.on('unhandledRejection', unhandled));
afterAll(() => void process.off('unhandledRejection', unhandled));

/** The outcome of one request. */
interface Ending {
  /** How many responses were sent. */
  sent: number;
  /** The argument of each call of `next`. */
  readonly passed: unknown[];
}

const fail = (): never => {
  throw new Error('a double throws');
};

type Member = 'well' | 'missing' | 'throws';

/** A response, or another value in its place. */
interface ResponsePlan {
  readonly kind: 'double' | 'undefined' | 'null' | 'number' | 'empty' | 'frozen' | 'proxy';
  readonly headersSent: boolean | 'throws';
  readonly statusCode: 'well' | 'throws';
  readonly setHeader: Member;
  readonly removeHeader: Member;
  readonly end: Member | 'throws late';
}

function responseOf(plan: ResponsePlan, ending: Ending): unknown {
  const { kind } = plan;
  if (kind === 'undefined') return undefined;
  if (kind === 'null') return null;
  if (kind === 'number') return 5;
  if (kind === 'empty') return {};
  if (kind === 'frozen') return Object.freeze({});
  if (kind === 'proxy')
    return new Proxy({}, { get: fail, set: fail, has: fail, getOwnPropertyDescriptor: fail });
  const res: Record<string, unknown> = {};
  Object.defineProperty(res, 'headersSent', {
    get: () => (plan.headersSent === 'throws' ? fail() : plan.headersSent),
  });
  if (plan.statusCode === 'throws') Object.defineProperty(res, 'statusCode', { get: fail, set: fail });
  for (const name of ['setHeader', 'removeHeader'] as const) {
    if (plan[name] !== 'missing') res[name] = plan[name] === 'throws' ? fail : () => res;
  }
  if (plan.end !== 'missing') {
    res['end'] = () => {
      if (plan.end === 'throws') fail();
      ending.sent += 1;
      res['writableEnded'] = true;
      if (plan.end === 'throws late') fail();
    };
  }
  return res;
}

interface RequestPlan {
  readonly kind: 'plain' | 'frozen' | 'sealed' | 'proxy' | 'unreadable' | 'undefined';
  readonly authorization: string | undefined;
  readonly auth: 'none' | 'read-only' | 'throws';
  readonly next: 'none' | 'there' | 'read-only' | 'throws';
}

function requestOf({ kind, authorization, auth, next }: RequestPlan): unknown {
  if (kind === 'undefined') return undefined;
  const headers = authorization === undefined ? {} : { authorization };
  const req: Record<string, unknown> = { headers, rawHeaders: Object.entries(headers).flat() };
  if (auth === 'read-only') Object.defineProperty(req, 'auth', { value: {}, writable: false });
  if (auth === 'throws') Object.defineProperty(req, 'auth', { get: fail, set: fail });
  if (next === 'there') req['next'] = () => {};
  if (next === 'read-only') Object.defineProperty(req, 'next', { value: () => {}, writable: false });
  if (next === 'throws') Object.defineProperty(req, 'next', { get: fail, set: fail });
  if (kind === 'unreadable') Object.defineProperty(req, 'headers', { get: fail });
  if (kind === 'frozen') return Object.freeze(req);
  if (kind === 'sealed') return Object.seal(req);
  if (kind === 'proxy') {
    return new Proxy(req, {
      set: fail,
      deleteProperty: fail,
      defineProperty: fail,
      getOwnPropertyDescriptor: fail,
    });
  }
  return req;
}

const member = fc.constantFrom<Member>('well', 'missing', 'throws');
const responsePlan: fc.Arbitrary<ResponsePlan> = fc.record({
  kind: fc.oneof(
    { weight: 3, arbitrary: fc.constant('double' as const) },
    fc.constantFrom('undefined', 'null', 'number', 'empty', 'frozen', 'proxy'),
  ),
  headersSent: fc.constantFrom<boolean | 'throws'>(false, true, 'throws'),
  statusCode: fc.constantFrom('well', 'throws'),
  setHeader: member,
  removeHeader: member,
  end: fc.constantFrom('well', 'missing', 'throws', 'throws late'),
});

/** All are refused: at once, or after a signature check or a wait for keys. */
const refusedTokens: readonly (string | undefined)[] = [
  undefined,
  'Basic YTpi',
  'Bearer',
  'Bearer junk',
  'Bearer a b',
  `Bearer ${await forgedToken(logto)}`,
  `Bearer ${await logto.issueToken({ scopes: 'other' })}`,
  `Bearer ${await readingToken(logto, { key: 'foreign' })}`,
];
const requestPlan: fc.Arbitrary<RequestPlan> = fc.record({
  kind: fc.constantFrom('plain', 'frozen', 'sealed', 'proxy', 'unreadable', 'undefined'),
  authorization: fc.constantFrom(...refusedTokens),
  auth: fc.constantFrom('none', 'read-only', 'throws'),
  next: fc.constantFrom('none', 'there', 'read-only', 'throws'),
});
const nextKind = fc.constantFrom('well', 'throws', 'throws undefined');

function nextOf(kind: string, ending: Ending): NextFunction {
  return (...args: unknown[]) => {
    ending.passed.push(args[0]);
    if (kind === 'throws') fail();
    if (kind === 'throws undefined') throw undefined;
  };
}

async function run(
  options: LogtoAuthOptions,
  request: RequestPlan,
  response: ResponsePlan,
  kindOfNext: string,
): Promise<Ending> {
  const ending: Ending = { sent: 0, passed: [] };
  const guard = createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE, ...options }).requireScopes(
    'read:products',
  );
  const [req, res] = [requestOf(request), responseOf(response, ending)];
  guard(req as Request, res as Response, nextOf(kindOfNext, ending));
  const isOver = () => ending.sent + ending.passed.length > 0;
  for (let tries = 0; !isOver() && tries < 200; tries += 1) await sleep(5);
  // Gives a second response or a second call of next time to happen.
  await sleep(1);
  return ending;
}

const canAnswer = ({ kind, headersSent, statusCode, setHeader, end }: ResponsePlan): boolean =>
  kind === 'double' &&
  headersSent === false &&
  statusCode === 'well' &&
  setHeader === 'well' &&
  (end === 'well' || end === 'throws late');

const isReadable = ({ kind }: RequestPlan): boolean => kind !== 'unreadable' && kind !== 'undefined';

const LONG = { timeout: 60_000 + 100 * RUNS };

describe('with any request, response and `next`, a refusal ends', () => {
  it('in exactly one response or one next(error)', LONG, async () => {
    await fc.assert(
      fc.asyncProperty(requestPlan, responsePlan, nextKind, async (request, response, kindOfNext) => {
        const { sent, passed } = await run({}, request, response, kindOfNext);
        const isAnswered = isReadable(request) && canAnswer(response);
        expect({ sent, passed: passed.length }).toEqual(
          isAnswered ? { sent: 1, passed: 0 } : { sent: 0, passed: 1 },
        );
        for (const error of passed) {
          expect(error).toBeInstanceOf(isReadable(request) ? AuthError : Error);
        }
        expect(unhandled).not.toHaveBeenCalled();
      }),
      { numRuns: RUNS },
    );
  });

  const slips: Record<string, NonNullable<LogtoAuthOptions['onError']>> = {
    'passes the error': (error, _req, _res, next) => next(error),
    'calls next twice': (_error, _req, _res, next) => {
      next();
      next('route');
    },
    throws: () => fail(),
    rejects: () => Promise.reject(new Error('mine')),
    'goes on by req.next': (_error, req, _res, next) => {
      req.next?.();
      next();
    },
  };

  it('in one response of `onError`, one error, or both if `end` sends and then throws', LONG, async () => {
    await fc.assert(
      fc.asyncProperty(requestPlan, responsePlan, nextKind, async (request, response, kindOfNext) => {
        const onError: LogtoAuthOptions['onError'] = (_error, _req, res) => void res.end();
        const { sent, passed } = await run({ onError }, request, response, kindOfNext);
        // An `end` that sends and then throws is a fault of the app, and reported as one.
        expect(sent).toBeLessThanOrEqual(1);
        expect(passed.length).toBeLessThanOrEqual(1);
        expect(sent + passed.length).toBeGreaterThan(0);
        for (const error of passed) expect(error).toBeInstanceOf(Error);
        expect(unhandled).not.toHaveBeenCalled();
      }),
      { numRuns: RUNS },
    );
  });

  it('in one error, whatever mistake `onError` makes', LONG, async () => {
    await fc.assert(
      fc.asyncProperty(
        requestPlan,
        responsePlan,
        nextKind,
        fc.constantFrom(...Object.keys(slips)),
        async (request, response, kindOfNext, slip) => {
          const onError = slips[slip] as NonNullable<LogtoAuthOptions['onError']>;
          const { passed } = await run({ onError }, request, response, kindOfNext);
          expect(passed).toEqual([expect.any(Error)]);
          expect(unhandled).not.toHaveBeenCalled();
        },
      ),
      { numRuns: RUNS },
    );
  });
});
