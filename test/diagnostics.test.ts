import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import express from 'express';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { AuthError, createLogtoAuth, type LogtoAuth } from '../src/index.js';
import { eventually } from './support/eventually.js';
import { APP, AUDIENCE, keyIdOf, now, readingToken, sharedLogto } from './support/logto.js';
import { get } from './support/request.js';
import { elapse } from './support/result.js';
import { ownIssuer } from './support/test-issuer.js';

const CHANNELS = ['authorized', 'denied', 'keys-refreshed', 'keys-failed'];

const logto = await sharedLogto();
let auth: LogtoAuth;
let heard: [channel: string, message: unknown][];
const listen = (message: unknown, channel: string | symbol) =>
  heard.push([String(channel).split(':')[1] ?? '', message]);

beforeEach(() => {
  auth = createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE });
  heard = [];
  for (const channel of CHANNELS) subscribe(`express-logto-m2m:${channel}`, listen);
});
afterEach(() => {
  for (const channel of CHANNELS) unsubscribe(`express-logto-m2m:${channel}`, listen);
});

describe('the diagnostics channels', () => {
  it('report each accepted token and whether it was cached', async () => {
    const app = express().get('/', auth.requireScopes('read:products'), (_req, res) => {
      res.end();
    });
    const token = await readingToken(logto);
    await get(app, '/', token);
    await get(app, '/', token);
    await auth.verify(token);
    const authorized = heard.filter(([channel]) => channel === 'authorized').map(([, message]) => message);
    const accepted = expect.objectContaining({ clientId: APP });
    const req = expect.objectContaining({ method: 'GET' });
    expect(authorized).toEqual([
      { token: accepted, cached: false, req },
      { token: accepted, cached: true, req },
      { token: accepted, cached: true },
    ]);
  });

  it('report each refusal with the hint that the caller does not get', async () => {
    const app = express().get('/', auth.requireScopes('read:products'));
    await get(app, '/', await readingToken(logto, { audience: 'https://inventory.api' }));
    await auth.verify('x').catch(() => {});
    const denied = heard.map(
      ([channel, message]) => [channel, message as { error: AuthError; req?: unknown }] as const,
    );
    expect(denied.map(([channel, { error }]) => [channel, error.reason])).toEqual([
      ['denied', 'audience'],
      ['denied', 'not_jwt'],
    ]);
    const [guard, verify] = denied.map(([, message]) => message);
    expect(guard?.error.hint).toContain('"https://inventory.api"');
    expect(guard?.error.hint).toContain(`"${AUDIENCE}"`);
    expect(guard?.req).toMatchObject({ method: 'GET' });
    expect(verify).not.toHaveProperty('req');
  });

  it('report fetched keys', async () => {
    const began = performance.now();
    await auth.ready();
    const [[, message] = []] = heard;
    const { durationMs } = message as { durationMs: number };
    expect(durationMs).toBeGreaterThan(0);
    expect(durationMs).toBeLessThanOrEqual(performance.now() - began);
    expect(heard).toEqual([
      [
        'keys-refreshed',
        { issuer: logto.issuer, keyIds: [await keyIdOf(logto)], durationMs: expect.any(Number) },
      ],
    ]);
  });

  it('report a failed fetch of keys, with the reason and the time of the next attempt', async () => {
    const issuer = await ownIssuer();
    issuer.answer = (res) => res.writeHead(502).end();
    const { verify } = createLogtoAuth({ endpoint: issuer.endpoint, audience: AUDIENCE });
    const began = performance.now();
    await verify(issuer.token()).catch(() => {});
    const took = performance.now() - began;
    const failed = heard.find(([channel]) => channel === 'keys-failed') ?? [];
    expect(failed[1]).toEqual({
      issuer: issuer.issuer,
      error: expect.any(Error),
      servingStale: false,
      nextAttemptAt: expect.any(Number),
      durationMs: expect.any(Number),
    });
    const { error, nextAttemptAt, durationMs } = failed[1] as {
      error: Error;
      nextAttemptAt: number;
      durationMs: number;
    };
    // This includes the pause before the retry.
    expect(durationMs).toBeGreaterThan(95);
    expect(durationMs).toBeLessThanOrEqual(took);
    expect(error.message).toBe(`${issuer.issuer}/jwks: it responded with status 502`);
    expect(nextAttemptAt - now()).toBeGreaterThan(0);
    expect(nextAttemptAt - now()).toBeLessThanOrEqual(6);
  });

  it('report whether older keys are still used after a failed fetch', async () => {
    await auth.ready();
    const token = await readingToken(logto, { expiresIn: 1_000_000 });
    await logto.stop();
    onTestFinished(logto.start);
    const failures = () =>
      heard
        .filter(([channel]) => channel === 'keys-failed')
        .map(([, message]) => (message as { servingStale: boolean }).servingStale);
    elapse(601);
    await auth.verify(token);
    await eventually(() => expect(failures()).toEqual([true]));
    elapse(86_400);
    await auth.verify(token).catch(() => {});
    expect(failures()).toEqual([true, false]);
    vi.useRealTimers();
  });

  it('contain no raw token outside the request itself', async () => {
    const token = await logto.issueToken({ claims: { scope: '' } });
    const app = express().get('/', auth.requireScopes('read:products'));
    await get(app, '/', token);
    await auth.verify(token);
    for (const [, message] of heard) {
      const { req: _req, ...rest } = message as { req?: unknown; error?: AuthError };
      const text = JSON.stringify([rest, rest.error?.hint, rest.error?.stack, rest.error?.headers]);
      for (const part of token.split('.')) expect(text).not.toContain(part);
    }
    expect(heard.length).toBeGreaterThanOrEqual(3);
  });
});

describe('an AuthError', () => {
  const error = new AuthError('scope', {
    scopes: ['a', 'b'],
    hint: 'for the operator',
    headers: { 'WWW-Authenticate': 'Bearer realm="api"' },
    cause: new Error('why'),
  });

  it('has the description of the response as its message, and the properties of http-errors', () => {
    expect(error).toMatchObject({ name: 'AuthError', status: 403, statusCode: 403, expose: true });
    expect(error.message).toBe(error.description);
    expect(new AuthError('keys_unavailable')).toMatchObject({ status: 503, expose: false });
  });

  it('serializes to exactly the body of the response', () => {
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      error: 'insufficient_scope',
      error_description: error.description,
      scope: 'a b',
    });
    expect(JSON.parse(JSON.stringify(new AuthError('no_token', { scopes: ['a'] })))).toEqual({
      error: 'unauthorized',
      error_description: expect.any(String),
    });
  });

  it('keeps headers, hint and cause out of its enumerable properties', () => {
    expect(Object.keys(error).sort()).toEqual([
      'code',
      'description',
      'expose',
      'reason',
      'scopes',
      'status',
    ]);
    expect([error.hint, (error.cause as Error).message]).toEqual(['for the operator', 'why']);
    expect(error.headers).toEqual({ 'WWW-Authenticate': 'Bearer realm="api"' });
    const forIn = [];
    for (const name in error) forIn.push(name);
    expect(forIn).not.toContain('hint');
  });

  it('has no stack trace, and does not affect the stack traces of other errors', () => {
    const made = () => new AuthError('expired');
    expect(made().stack).toBe('AuthError: The access token has expired.');
    expect(new Error('of another').stack).toMatch(/ at /);
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 3;
    made();
    expect(Error.stackTraceLimit).toBe(3);
    Error.stackTraceLimit = stackTraceLimit;
    Object.defineProperty(Error, 'stackTraceLimit', { writable: false });
    try {
      expect(made()).toMatchObject({ reason: 'expired', message: 'The access token has expired.' });
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', { writable: true });
    }
  });
});
