import { describe, expect, it } from 'vitest';
import { explainUnreachable } from '../../src/cli/diagnosis/unreachable.js';

/** An error as undici throws it: its cause has the details. */
function failed(code: string | undefined, message = ''): TypeError {
  const cause = Object.assign(new Error(message), code !== undefined && { code });
  return new TypeError('fetch failed', { cause });
}

// Errors that no test server can cause, or not on every release of Node.
describe('explainUnreachable', () => {
  it.each<[code: string | undefined, message: string, why: RegExp, fix: RegExp]>([
    ['ETIMEDOUT', '', /shop\.example:8443 did not respond within 5 s/, /firewall/],
    ['UND_ERR_CONNECT_TIMEOUT', '', /did not respond within 5 s/, /firewall/],
    ['EAI_AGAIN', '', /shop\.example cannot be resolved \(EAI_AGAIN\)/, /container resolve it/],
    ['EHOSTUNREACH', '', /cannot be reached \(EHOSTUNREACH\)/, /a route to it/],
    [undefined, 'bad port', /fetch does not allow port 8443/, /the server listens/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', '', /is for another name/, /one for shop\.example/],
    ['CERT_HAS_EXPIRED', '', /has expired \(CERT_HAS_EXPIRED\)/, /Renew it/],
    ['CERT_NOT_YET_VALID', '', /is not valid yet/, /behind/],
    ['SELF_SIGNED_CERT_IN_CHAIN', '', /is not trusted/, /NODE_EXTRA_CA_CERTS/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', '', /is not trusted/, /NODE_EXTRA_CA_CERTS/],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', '', /is not trusted/, /NODE_EXTRA_CA_CERTS/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', '', /is not trusted/, /intermediate certificates/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', '', /client certificate/, /requires none/],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', '', /client certificate/, /requires none/],
    [
      'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
      '',
      /no TLS version that Node accepts/,
      /Enable TLS 1\.2 or 1\.3/,
    ],
    ['ERR_SSL_WRONG_VERSION_NUMBER', '', /not respond with valid TLS/, /port 8443 expect http\?/],
    ['UND_ERR_HEADERS_OVERFLOW', '', /more headers/, /cookies/],
    [
      'UND_ERR_ABORTED',
      'Proxy response (407) !== 200 when HTTP Tunneling',
      /proxy .* requires a login/,
      /NO_PROXY/,
    ],
    [undefined, 'proxy authentication required', /proxy .* requires a login/, /NO_PROXY/],
    ['UND_ERR_SOCKET', 'other side closed', /closed the connection/, /client certificate, or/],
    ['HPE_INVALID_CONSTANT', 'Expected HTTP/', /not respond with valid HTTP/, /expect another protocol/],
  ])('explains the error %s %s', (code, message, why, fix) => {
    const found = explainUnreachable(failed(code, message), new URL('https://shop.example:8443/oidc'), 5);
    expect(found).toEqual({ why: expect.stringMatching(why), fix: expect.stringMatching(fix) });
  });
});
