import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runDoctor, type Tail } from '../cli/doctor.js';
import { selfSigned } from '../support/certificate.js';
import { TokenIssuer } from '../support/client.js';

const certificate = selfSigned('127.0.0.1');
const isMissing = certificate === undefined;

let logto: TokenIssuer;

beforeAll(async () => {
  logto = await TokenIssuer.start();
});
afterAll(() => logto.stop());

const doctor = (...args: Tail<Parameters<typeof runDoctor>>) => runDoctor(logto, ...args);
const suite = `logto-m2m doctor reports a server${isMissing ? ' (skipped: openssl is not installed)' : ''}`;

describe.skipIf(isMissing)(suite, () => {
  it('with a self-signed certificate', async () => {
    const server = createServer({ key: certificate, cert: certificate });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const port = String((server.address() as AddressInfo).port);
    const untrusted = await doctor([], { LOGTO_ENDPOINT: `https://127.0.0.1:${port}` });
    expect(untrusted.problems).toEqual([
      expect.stringMatching(/is not trusted \(\w+\).* → .*NODE_EXTRA_CA_CERTS/),
    ]);
    const plain = await doctor([], { LOGTO_ENDPOINT: `http://127.0.0.1:${port}` });
    expect(plain.problems).toEqual([
      expect.stringMatching(/closed the connection.* → .*expect https, or another protocol\?/),
    ]);
    server.close();
    server.closeAllConnections();
  });

  it('with a certificate for another name', async () => {
    const server = createServer({ key: certificate, cert: certificate });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const file = join(mkdtempSync(join(tmpdir(), 'ca-')), 'ca.pem');
    writeFileSync(file, certificate as string);
    const { problems } = await doctor([], {
      LOGTO_ENDPOINT: `https://localhost:${port}`,
      NODE_EXTRA_CA_CERTS: file,
    });
    expect(problems).toEqual([
      expect.stringMatching(
        /is for another name \(ERR_TLS_CERT_ALTNAME_INVALID\).* → Use a name of the certificate/,
      ),
    ]);
    server.close();
    server.closeAllConnections();
    rmSync(dirname(file), { recursive: true });
  });

  it('that supports only outdated versions of TLS', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const server = createServer({ key: certificate, cert: certificate, ...old });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { problems } = await doctor([], { LOGTO_ENDPOINT: `https://127.0.0.1:${port}` });
    expect(problems).toEqual([
      expect.stringMatching(/supports no TLS version that Node accepts .* → Enable TLS 1\.2 or 1\.3/),
    ]);
    server.close();
  });
});
