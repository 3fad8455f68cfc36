import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { nodeOf } from '../project-setups/node-versions.js';
import { selfSigned } from '../support/certificate.js';
import { connectProxy } from '../support/connect-proxy.js';
import { AUDIENCE, ownLogto } from '../support/logto.js';

// In this folder, Node resolves the package by its name.
const cwd = fileURLToPath(new URL('../../example-server', import.meta.url));

/** A guard and a client without any configuration of proxies or certificates. */
const PROGRAM = `
  import { createLogtoAuth } from 'express-logto-m2m';
  import { createM2MClient } from 'express-logto-m2m/client';
  const { LOGTO_ENDPOINT: endpoint, LOGTO_APP_ID: appId, LOGTO_APP_SECRET: appSecret } = process.env;
  const told = ({ code, cause }) => code ?? cause?.code ?? 'failed';
  const guard = await createLogtoAuth().ready().then(() => 'ready', told);
  const client = createM2MClient({ endpoint, appId, appSecret, resource: '${AUDIENCE}', timeout: 5 });
  console.log(guard === 'ready', await client.getAccessToken().then(() => 'granted', told));`;

async function run(node: string, env: Record<string, string>): Promise<string> {
  const options = { cwd, env: { PATH: process.env['PATH'], LOGTO_AUDIENCE: AUDIENCE, ...env } };
  const { stdout } = await promisify(execFile)(node, ['--input-type=module', '-e', PROGRAM], options);
  return stdout.trim();
}

it('guard and client use the proxy of the environment if NODE_USE_ENV_PROXY is set', async () => {
  const logto = await ownLogto();
  const { appId, appSecret } = await logto.addApp();
  const proxy = await connectProxy();
  const env = {
    LOGTO_ENDPOINT: logto.endpoint,
    LOGTO_APP_ID: appId,
    LOGTO_APP_SECRET: appSecret,
    HTTP_PROXY: proxy.url,
  };
  const node = await nodeOf('24');
  expect(await run(node, env)).toBe('true granted');
  expect(proxy.tunnels).toEqual([]);
  expect(await run(node, { ...env, NODE_USE_ENV_PROXY: '1' })).toBe('true granted');
  expect(new Set(proxy.tunnels)).toEqual(new Set([new URL(logto.endpoint).host]));
}, 300_000);

const certificate = selfSigned('localhost');
const title = 'guard and client trust the certificate authorities in NODE_EXTRA_CA_CERTS';

const isMissing = certificate === undefined;
it.skipIf(isMissing)(isMissing ? `${title} (skipped: openssl is not installed)` : title, async () => {
  const logto = await ownLogto();
  const { appId, appSecret } = await logto.addApp();
  const front = createSecureServer({ key: certificate, cert: certificate }, async (req, res) => {
    const { method = 'GET', url = '', headers } = req;
    const { authorization = '', 'content-type': type = '' } = headers;
    const body = await text(req);
    const sent = method === 'POST' ? { method, body, headers: { authorization, 'content-type': type } } : {};
    const answer = await fetch(logto.endpoint + url, sent);
    res.setHeader('content-type', answer.headers.get('content-type') ?? '');
    res.writeHead(answer.status).end(await answer.text());
  });
  front.listen(0);
  await once(front, 'listening');
  const folder = mkdtempSync(join(tmpdir(), 'ca-'));
  const file = join(folder, 'ca.pem');
  writeFileSync(file, certificate as string);
  const env = {
    LOGTO_ENDPOINT: `https://localhost:${(front.address() as AddressInfo).port}`,
    LOGTO_APP_ID: appId,
    LOGTO_APP_SECRET: appSecret,
  };
  try {
    expect(await run(process.execPath, env)).toBe('false network');
    expect(await run(process.execPath, { ...env, NODE_EXTRA_CA_CERTS: file })).toBe('true granted');
  } finally {
    front.closeAllConnections();
    front.close();
    rmSync(folder, { recursive: true });
  }
});
