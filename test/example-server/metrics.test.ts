import { createLogtoAuth, type LogtoAuth } from 'express-logto-m2m';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp } from '../../example-server/app.js';
import { Metrics } from '../../example-server/metrics.js';
import { eventually } from '../support/eventually.js';
import { AUDIENCE, readingToken, sharedLogto } from '../support/logto.js';
import { get } from '../support/request.js';
import { elapse } from '../support/result.js';

const logto = await sharedLogto();
let auth: LogtoAuth;
let metrics: Metrics;

beforeEach(() => {
  auth = createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE });
  metrics = new Metrics(auth);
});
afterEach(() => metrics.close());

const appOf = (itsAuth = auth) => createApp(itsAuth, undefined, metrics);

/** Scrapes /metrics and returns the value of each series. */
async function scrape(app = appOf()): Promise<Record<string, number>> {
  const { text } = await request(app).get('/metrics');
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    series.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

const authorized = 'logto_m2m_decisions_total{decision="authorized",reason=""}';
const denied = (reason: string) => `logto_m2m_decisions_total{decision="denied",reason="${reason}"}`;
const ofIssuer = (name: string, labels = '') => `logto_m2m_${name}{issuer="${logto.issuer}"${labels}}`;

describe('/metrics', () => {
  it('returns the text format of Prometheus', async () => {
    const { status, headers, text } = await request(appOf()).get('/metrics');
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
      'no-store',
    ]);
    expect(text).toContain('# TYPE logto_m2m_decisions_total counter');
  });

  it('returns 404 in an app without metrics', async () => {
    expect((await request(createApp(auth)).get('/metrics')).status).toBe(404);
  });

  it('counts decisions by reason', async () => {
    const app = appOf();
    const token = await readingToken(logto);
    await get(app, '/products', token);
    await get(app, '/products', token);
    await get(app, '/products');
    await get(app, '/products', 'no-jwt');
    await get(app, '/orders/daily', token);
    await get(app, '/products', await readingToken(logto, { audience: 'https://other.api' }));

    expect(await scrape(app)).toMatchObject({
      [authorized]: 2,
      [denied('no_token')]: 1,
      [denied('not_jwt')]: 1,
      [denied('scope')]: 1,
      [denied('audience')]: 1,
      [denied('expired')]: 0,
      logto_m2m_token_cache_size: 1,
      logto_m2m_token_cache_hits_total: 2,
    });
  });

  it('counts decisions of verify() too', async () => {
    await auth.verify(await readingToken(logto));
    expect((await scrape())[authorized]).toBe(1);
  });

  it('shows each reason from the start, and callers cannot add series', async () => {
    const app = appOf();
    const before = Object.keys(await scrape(app));
    expect(before.filter((series) => series.includes('decision="denied"'))).toHaveLength(20);
    for (const clientId of ['a', 'b', 'c']) {
      elapse(5);
      for (const odd of [{}, { header: { kid: clientId } }, { claims: { iss: clientId } }]) {
        await get(app, '/products', await readingToken(logto, { clientId, ...odd }));
      }
    }
    vi.useRealTimers();
    const grown = Object.keys(await scrape(app)).filter((series) => !before.includes(series));
    expect(grown.filter((series) => !series.startsWith('logto_m2m_keys_age_seconds'))).toEqual([]);
    expect(grown.length).toBeLessThanOrEqual(1);
  });

  it('shows the age of the keys and whether they are ready', async () => {
    expect(await scrape()).toMatchObject({ [ofIssuer('keys_ready')]: 0 });
    expect(await scrape()).not.toHaveProperty([ofIssuer('keys_age_seconds')]);
    await auth.ready();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 90_000 });
    const shown = await scrape();
    vi.useRealTimers();
    expect(shown[ofIssuer('keys_ready')]).toBe(1);
    expect(shown[ofIssuer('keys_age_seconds')]).toBeGreaterThan(89);
    expect(shown[ofIssuer('keys_age_seconds')]).toBeLessThan(95);
  });

  it('counts key refreshes, and counts failures while stale keys serve separately', async () => {
    expect(await scrape()).toMatchObject({
      [ofIssuer('key_refreshes_total')]: 0,
      [ofIssuer('key_refresh_failures_total', ',serving_stale="true"')]: 0,
      [ofIssuer('key_refresh_failures_total', ',serving_stale="false"')]: 0,
    });
    await logto.stop();
    await auth.ready().catch(() => {});
    await logto.start();
    await vi.waitFor(() => auth.ready(), 10_000);
    await logto.stop();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 700_000 });
    await auth.verify(await readingToken(logto));
    await eventually(async () =>
      expect((await scrape())[ofIssuer('key_refresh_failures_total', ',serving_stale="true"')]).toBe(1),
    );
    vi.useRealTimers();
    await logto.start();

    const shown = await scrape();
    expect(shown[ofIssuer('key_refreshes_total')]).toBe(1);
    const failures = shown[ofIssuer('key_refresh_failures_total', ',serving_stale="false"')] ?? 0;
    expect(failures).toBeGreaterThanOrEqual(1);
    expect(shown[ofIssuer('key_refresh_duration_seconds_count')]).toBe(1 + 1 + failures);
  });

  it('counts each decision once if two apps of a process show the same metrics', async () => {
    metrics.close();
    const other = createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE });
    metrics = new Metrics(auth, other);
    const apps = [appOf(auth), appOf(other)];
    for (const app of apps) await get(app, '/products', await readingToken(logto));
    for (const app of apps) {
      expect(await scrape(app)).toMatchObject({
        [authorized]: 2,
        [ofIssuer('keys_ready')]: 1,
        logto_m2m_token_cache_size: 2,
      });
    }
  });

  it('shows keys as not ready if one of two instances has none', async () => {
    metrics.close();
    await auth.ready();
    metrics = new Metrics(auth, createLogtoAuth({ endpoint: logto.endpoint, audience: AUDIENCE }));
    expect((await scrape())[ofIssuer('keys_ready')]).toBe(0);
  });

  it('stops counting once it is closed', async () => {
    const app = appOf();
    await get(app, '/products');
    metrics.close();
    await get(app, '/products');
    expect((await scrape(app))[denied('no_token')]).toBe(1);
  });
});
