import { expect } from 'vitest';
import { startTestLogto } from '../../../src/testing/index.js';
import { compile } from '../../support/compile.js';
import { connectProxy } from '../../support/connect-proxy.js';
import { APP, AUDIENCE, forgedToken, ownLogto, readingToken } from '../../support/logto.js';
import { Program } from '../../support/program.js';
import { edit } from '../recipe.js';
import { onStage, type Scenarios, type Stage } from '../scenario.js';

const TS = { language: 'ts' } as const;

/** Sends a GraphQL query. */
async function query({ url }: Stage, text: string, token?: string) {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query: text }),
  });
  return { status: answer.status, body: await answer.json() };
}

export const neighbours: Scenarios = {
  apollo: (code) =>
    onStage(code, TS, async (stage) => {
      const { token } = stage;
      expect(await query(stage, '{ caller }')).toMatchObject({
        status: 401,
        body: { error: 'unauthorized' },
      });
      const insufficient = await token({ scopes: 'other' });
      expect(await query(stage, '{ caller }', insufficient)).toMatchObject({ status: 403 });
      const reader = await token();
      expect(await query(stage, '{ caller }', reader)).toEqual({
        status: 200,
        body: { data: { caller: APP } },
      });
      expect(await query(stage, '{ orders }', reader)).toMatchObject({
        status: 200,
        body: { errors: [{ message: 'This field needs read:orders.', extensions: { code: 'FORBIDDEN' } }] },
      });
      const both = await token({ scopes: 'read:products read:orders' });
      expect(await query(stage, '{ orders }', both)).toEqual({
        status: 200,
        body: { data: { orders: ['tea'] } },
      });
    }),

  trpc: (code) =>
    onStage(code, TS, async ({ get, token, logto }) => {
      expect((await get('/trpc/products')).status).toBe(401);
      expect((await get('/trpc/products', await forgedToken(logto))).status).toBe(401);
      const insufficient = await get('/trpc/products', await token({ scopes: 'other' }));
      expect(insufficient.status).toBe(403);
      expect(await insufficient.json()).toMatchObject({
        error: { message: 'This procedure needs read:products.' },
      });
      const good = await get('/trpc/products', await token());
      expect(await good.json()).toEqual({ result: { data: { caller: APP } } });
    }),

  'openapi-validator': (code) =>
    onStage(code, TS, async ({ url, get, token, logto }) => {
      expect((await get('/products', await token())).status).toBe(200);
      const refused = {
        none: await get('/products'),
        forged: await get('/products', await forgedToken(logto)),
        insufficient: await get('/products', await token({ scopes: 'other' })),
        other: await fetch(`${url}/products`, { headers: { authorization: 'Basic YTpi' } }),
      };
      const statuses = Object.entries(refused).map(([name, { status }]) => [name, status]);
      expect(Object.fromEntries(statuses)).toEqual({ none: 401, forged: 401, insufficient: 403, other: 401 });
      for (const { headers } of Object.values(refused)) {
        expect(headers.get('www-authenticate')).toMatch(/^Bearer realm="api"/);
        expect(headers.get('cache-control')).toBe('no-store');
      }
    }).then(() => {
      // If another alternative succeeds, the response has no headers of the refusal.
      const either = edit(
        code,
        "security: [{ logto: ['read:products'] }]",
        "security: [{ logto: ['read:products'] }, {}]",
      );
      return onStage(either, TS, async ({ get }) => {
        const { status, headers } = await get('/products');
        expect([status, headers.get('www-authenticate'), headers.get('cache-control')]).toEqual([
          200,
          null,
          null,
        ]);
      });
    }),

  'rate-limit': (code) =>
    onStage(code, TS, async ({ get, token }) => {
      const good = await token();
      const statusesOf = async (times: number, sent: string | undefined) => {
        const statuses = [];
        for (let time = 0; time < times; time += 1) statuses.push((await get('/products', sent)).status);
        return [...new Set(statuses)];
      };
      // Each app has its own limit, even if apps share an address.
      expect(await statusesOf(100, good)).toEqual([200]);
      expect(await statusesOf(310, good)).toEqual([429]);
      expect(await statusesOf(1, await token({ clientId: 'another' }))).toEqual([200]);
      expect(await statusesOf(300, 'junk')).toEqual([401]);
      expect(await statusesOf(1, 'junk')).toEqual([429]);
    }),

  opentelemetry: async (code) => {
    const setUp = `
      import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
      import { context } from '@opentelemetry/api';
      import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
      import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
      import express from 'express';
      import { requireScopes } from 'express-logto-m2m';
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor({
        export: (spans, done) => { for (const { attributes } of spans) console.log(JSON.stringify(attributes)); done({ code: 0 }); },
        shutdown: async () => {},
      })] }));
      const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
      const reader = new PeriodicExportingMetricReader({ exporter });
      metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
      `;
    const app = `
      const app = express();
      app.use((_req, res, next) => trace.getTracer('test').startActiveSpan('request', (span) => {
        res.on('close', () => span.end());
        next();
      }));
      app.get('/refusals', async (_req, res) => {
        await reader.forceFlush();
        const points = exporter.getMetrics().at(-1)?.scopeMetrics[0]?.metrics[0]?.dataPoints ?? [];
        res.json(points.map(({ attributes, value }) => [attributes['reason'], value]));
      });
      app.get('/products', requireScopes('read:products'), (_req, res) => void res.json([]));
      app.listen(3100);`;
    // The block must create its counter after the set-up of the meter.
    const [imports = '', rest = ''] = code.split(/(?=^const refusals)/m);
    await onStage(imports + setUp + rest + app, TS, async ({ get, token, program }) => {
      await get('/products', await token());
      await get('/products', 'junk');
      await get('/products');
      await expect
        .poll(() => program.output)
        .toBe(`{"enduser.id":"${APP}"}\n{"shop.refusal":"not_jwt"}\n{"shop.refusal":"no_token"}\n`);
      expect(await (await get('/refusals')).json()).toEqual([
        ['not_jwt', 1],
        ['no_token', 1],
      ]);
    });
  },

  proxy: async (code) => {
    const proxy = await connectProxy();
    const logto = await ownLogto();
    const tenant = await startTestLogto({ audience: 'https://inventory.api' });
    const app = await tenant.addApp({ scopes: 'read:stock' });
    const env = {
      HTTP_PROXY: proxy.url,
      LOGTO_ENDPOINT: logto.endpoint,
      LOGTO_AUDIENCE: AUDIENCE,
      LOGTO_APP_ID: app.appId,
      LOGTO_APP_SECRET: app.appSecret,
      TENANT: tenant.endpoint,
    };
    // The Logto of the test kit has only one API, so the client uses a second Logto.
    const own = edit(code, "process.env['LOGTO_ENDPOINT'] ?? ''", "process.env['TENANT'] ?? ''");
    const program = new Program(compile(own), { env });
    try {
      const authorization = `Bearer ${await readingToken(logto)}`;
      const answer = await fetch(`${await program.url()}/products`, { headers: { authorization } });
      expect(await answer.json()).toEqual({ inventoryScopes: ['read:stock'] });
      expect(proxy.tunnels).toEqual([new URL(logto.endpoint).host, new URL(tenant.endpoint).host]);
    } finally {
      await program.stop();
      await tenant.stop();
    }
  },
};
