import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Recorder, TokenIssuer } from '../support/client.js';
import { NO_APP, runDoctor, startFront, type Tail } from './doctor.js';

let logto: TokenIssuer;

beforeAll(async () => {
  logto = await TokenIssuer.start();
});
afterAll(() => logto.stop());

const doctor = (...args: Tail<Parameters<typeof runDoctor>>) => runDoctor(logto, ...args);

describe('logto-m2m doctor, checking the endpoint,', () => {
  const pageOf = (status: number, headers: Record<string, string>, body = '') =>
    Recorder.start((_req, res) => void res.writeHead(status, headers).end(body));

  it.concurrent.each<[what: string, answer: () => Promise<Recorder>, said: RegExp]>([
    [
      "a proxy's page",
      () => pageOf(200, { 'content-type': 'text/html' }, '<html>'),
      /not Logto: status 200, text\/html/,
    ],
    [
      "a proxy's failure",
      () => pageOf(502, { 'content-type': 'text/html' }),
      /status 502 .* → See the logs of Logto/,
    ],
    [
      'a redirect',
      () => pageOf(301, { location: 'https://auth.example/x' }),
      /redirects to https:\/\/auth\.example .* → Set LOGTO_ENDPOINT/,
    ],
    [
      'a redirect to a URL that is not HTTP',
      () => pageOf(302, { location: 'javascript:alert(1)' }),
      /is not Logto: status 302.* → Are host/,
    ],
    [
      'a proxy that requires a login',
      () => pageOf(407, {}),
      /a proxy .*requires a login \(407\)\. → .*needs no such proxy/,
    ],
    [
      'a response that stalls',
      () => Recorder.start((_req, res) => void res.writeHead(200).write('{')),
      /status 200 .*did not end within 5 s\. → .*hangs/,
    ],
    [
      'an incomplete response',
      () =>
        Recorder.start((_req, res) => {
          res.writeHead(200, { 'content-length': '100' }).write('{');
          setTimeout(() => res.destroy(), 50);
        }),
      /status 200 .*its body is incomplete\. → .*truncates responses/,
    ],
    [
      'a response that is too large',
      () => pageOf(200, {}, JSON.stringify({ issuer: 'x'.repeat(300 * 1024) })),
      /status 200 .*larger than 256 KiB\. → Is the server Logto/,
    ],
    [
      'more headers than Node accepts',
      () => pageOf(200, { 'x-policy': 'a'.repeat(20_000) }),
      /more headers than Node accepts.* → .*cookies/,
    ],
    [
      'a server that does not respond',
      () => Recorder.start(() => {}),
      /did not respond within 5 s.* → .*firewall/,
    ],
    [
      'a server that closes the connection',
      () => Recorder.start((req) => void req.socket.destroy()),
      /closed the connection.* → .*expect https, or another protocol\?/,
    ],
  ])('reports %s', async (_what, answer, said) => {
    const page = await answer();
    const { code, problems, stdout } = await doctor([], { LOGTO_ENDPOINT: page.url });
    expect(code).toBe(1);
    expect(problems).toEqual([expect.stringMatching(said)]);
    expect(stdout).toMatch(/^- token +Not requested: no Logto was found at the endpoint\.$/m);
    await page.stop();
  });

  it('reports a host name that does not exist, and a server that speaks only http', async () => {
    const nowhere = await doctor([], { LOGTO_ENDPOINT: 'https://logto.invalid' });
    expect(nowhere.problems).toEqual([
      expect.stringMatching(/logto\.invalid cannot be resolved .* → .*spelt right/),
    ]);
    const plain = await doctor([], { LOGTO_ENDPOINT: logto.endpoint.replace('http:', 'https:') });
    expect(plain.problems).toEqual([
      expect.stringMatching(/does not respond with valid TLS .* → .*expect http\?/),
    ]);
  });

  it('uses http for an address in a network only with --allow-insecure-requests', async () => {
    const endpoint = logto.endpoint.replace('127.0.0.1', '0.0.0.0');
    const careful = await doctor([], { LOGTO_ENDPOINT: endpoint });
    expect(careful.problems).toEqual([
      expect.stringMatching(/must be https.*pass --allow-insecure-requests/),
    ]);
    const { stdout } = await doctor(['--allow-insecure-requests'], { LOGTO_ENDPOINT: endpoint });
    expect(stdout).toMatch(/^✓ token /m);
    expect(stdout).toMatch(/^✗ issuer /m);
  });

  it.each<[what: string, issuer: (endpoint: string) => string, said: RegExp]>([
    [
      'a trailing slash',
      (endpoint) => `${endpoint}/oidc/`,
      /the issuer has a trailing slash.* → Pass issuers/,
    ],
    ['another port', (endpoint) => `${new URL(endpoint).protocol}//127.0.0.1/oidc`, /port \d+ instead of 80/],
    ['https', (endpoint) => `https${endpoint.slice(4)}/oidc`, /http instead of https/],
    [
      'a custom domain',
      () => 'https://auth.example/oidc',
      /custom domain.* → Set LOGTO_ENDPOINT=https:\/\/auth\.example;/,
    ],
    [
      'shell syntax in the URL',
      () => 'https://auth.example/$(reboot)/oidc',
      /→ Set LOGTO_ENDPOINT='https:\/\/auth\.example\/\$\(reboot\)';/,
    ],
    [
      'a host in capitals',
      () => 'https://AUTH.example/oidc',
      /→ Pass issuers: \[\{ issuer: 'https:\/\/AUTH\.example/,
    ],
    [
      'a URL that cannot be parsed',
      () => 'https://a b/oidc',
      /the issuer is not a valid address\. → No API can trust that issuer/,
    ],
    [
      'a quotation mark',
      () => "https://a.example/'/oidc",
      /the issuer is not a valid address\. → No API can trust that issuer/,
    ],
  ])('reports an issuer that differs from the endpoint: %s', async (_what, issuer, said) => {
    const front = await startFront(logto, (url) => ({ issuer: issuer(url) }));
    const { code, problems, stdout } = await doctor([], { ...NO_APP, LOGTO_ENDPOINT: front.url });
    expect(code).toBe(1);
    expect(problems).toEqual([expect.stringMatching(said)]);
    expect(stdout).toMatch(/^✓ keys +1 for verification: ES384 /m);
    await front.stop();
  });

  it.each<[what: string, keys: [status: number, body: string], said: RegExp]>([
    [
      'status 404',
      [404, ''],
      /status 404\. → Check that http:\S+\/oidc\/jwks returns Logto's JWK Set, and that no proxy/,
    ],
    ['an empty key set', [200, '{"keys":[]}'], /no key that can verify a signature/],
    ['an HTML page', [200, '<html>'], /its body is not JSON/],
  ])('reports keys that it cannot use: %s', async (_what, [status, body], said) => {
    const front: Recorder = await Recorder.start((req, res) => {
      if (req.url === '/oidc/jwks') res.writeHead(status).end(body);
      else res.end(JSON.stringify({ issuer: `${front.url}/oidc` }));
    });
    const { problems } = await doctor([], { ...NO_APP, LOGTO_ENDPOINT: front.url });
    expect(problems).toEqual([expect.stringMatching(said)]);
    await front.stop();
  });
});
