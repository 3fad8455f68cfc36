import { member, own } from '../../util/own.js';
/** There was no response. */
export class Unreachable {
  constructor(
    readonly why: string,
    readonly fix: string,
  ) {}
}

/** The address that did not respond, in the words of a message. */
interface Place {
  readonly host: string;
  readonly hostname: string;
  /** `port 3001` */
  readonly port: string;
  readonly isHttps: boolean;
  /** In seconds. */
  readonly timeout: number;
}

/** The error of a failed `fetch`. */
interface Failure {
  readonly code: string;
  readonly message: string;
}

type Explanation = (place: Place, failure: Failure) => readonly [why: string, fix: string];

const silent: Explanation = ({ host, timeout }) => [
  `${host} did not respond within ${timeout} s`,
  'Does a firewall or security group let this machine through, and is the port right? By default, Node ignores HTTPS_PROXY.',
];

/** The explanations by the error code of Node or OpenSSL, or by the message if the error has no code. */
const EXPLANATIONS: readonly (readonly [sign: RegExp, explanation: Explanation])[] = [
  [/^(TimeoutError|ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/, silent],
  [
    /^ECONNREFUSED$/,
    ({ host, port }) => [
      `nothing listens at ${host} (ECONNREFUSED)`,
      `Is it running, and is ${port} right? Inside a container, localhost is the container itself.`,
    ],
  ],
  [
    /^bad port$/,
    ({ port }) => [`fetch does not allow ${port}`, 'Name the port at which the server listens.'],
  ],
  [
    /^(ENOTFOUND|EAI_AGAIN)$/,
    ({ hostname }, { code }) => [
      `${hostname} cannot be resolved (${code})`,
      'Is the name spelt right? Can this machine or container resolve it?',
    ],
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    ({ host, hostname }, { code }) => [
      `the certificate of ${host} is for another name (${code})`,
      `Use a name of the certificate, or install one for ${hostname}. Does the proxy forward the host name (SNI)?`,
    ],
  ],
  [
    /^CERT_HAS_EXPIRED$/,
    ({ host }, { code }) => [
      `the certificate of ${host} has expired (${code})`,
      'Renew it, and reload it in the server. Or is the clock of this machine ahead?',
    ],
  ],
  [
    /^CERT_NOT_YET_VALID$/,
    ({ host }, { code }) => [
      `the certificate of ${host} is not valid yet (${code})`,
      'Is the clock of this machine behind?',
    ],
  ],
  [
    /SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|^CERT_UNTRUSTED$/,
    ({ host }, { code }) => [
      `the certificate of ${host} is not trusted (${code})`,
      'If your own certificate authority signed it, set NODE_EXTRA_CA_CERTS to the file of that authority. Otherwise let the server also send the intermediate certificates.',
    ],
  ],
  [
    /CERTIFICATE_REQUIRED|ALERT_(HANDSHAKE_FAILURE|BAD_CERTIFICATE)$/,
    ({ host }, { code }) => [
      `${host} ended the TLS handshake (${code}): it may require a client certificate`,
      'Name an address that requires none: neither an API nor this command can send one.',
    ],
  ],
  [
    /PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/,
    ({ host }, { code }) => [
      `${host} supports no TLS version that Node accepts (${code})`,
      'Enable TLS 1.2 or 1.3 on the server or on the proxy in front of it.',
    ],
  ],
  [
    /^(UND_ERR_HEADERS_OVERFLOW|HPE_HEADER_OVERFLOW)$/,
    ({ host }, { code }) => [
      `${host} sends more headers than Node accepts (${code})`,
      'Does a proxy in front of it add cookies or a long policy? The limit for all headers together is 16 KiB.',
    ],
  ],
  [
    // `fetch` never returns a 407. Some releases of Node throw an error without a reason for it, and only for it.
    /^NO_REASON$|Proxy response \(407\)|proxy authentication required/,
    ({ host }) => [
      `a proxy between this machine and ${host} requires a login (407)`,
      'Name an address that needs no such proxy. If HTTPS_PROXY is set, add user and password to it, or add the host to NO_PROXY.',
    ],
  ],
  [
    /^(EPROTO|CERT_.*|ERR_(SSL|TLS).*)$/,
    ({ host, port }, { code }) => [
      `${host} does not respond with valid TLS (${code})`,
      `Does ${port} expect http? Then name the port for https.`,
    ],
  ],
  [
    /^HPE_/,
    (place, { code }) => [`${place.host} does not respond with valid HTTP (${code})`, protocolFix(place)],
  ],
  [
    /^(UND_ERR_SOCKET|ECONNRESET|EPIPE)$/,
    (place, { code }) => [`${place.host} closed the connection (${code})`, protocolFix(place)],
  ],
];

function protocolFix({ port, isHttps }: Place): string {
  // In TLS 1.3, a server that requires a client certificate just closes the connection.
  return isHttps
    ? `Does the server require a client certificate, or does ${port} expect another protocol?`
    : `Does ${port} expect https, or another protocol?`;
}

/** Returns why a `fetch` failed, and the fix. */
export function explainUnreachable(error: unknown, url: URL, timeout: number): Unreachable {
  const { host, hostname, protocol } = url;
  const isHttps = protocol === 'https:';
  const place = { host, hostname, port: `port ${url.port || (isHttps ? 443 : 80)}`, isHttps, timeout };
  const failure = failureIn(error);
  const [, explain] =
    EXPLANATIONS.find(([sign]) => sign.test(failure.code) || sign.test(failure.message)) ?? [];
  const [why, fix] = explain?.(place, failure) ?? [
    `${host} cannot be reached (${failure.code})`,
    'Is there a route to it from this machine?',
  ];
  return new Unreachable(why, fix);
}

/** Returns the code and message of the cause: the message of undici is only "fetch failed". */
function failureIn(error: unknown): Failure {
  const cause = own(error, 'cause') ?? error;
  const [code, name, message] = [own(cause, 'code'), member(cause, 'name'), member(cause, 'message')];
  const said = String(message ?? '');
  const named = said === '' && name === 'Error' ? 'NO_REASON' : String(name ?? 'Error');
  return { code: typeof code === 'string' ? code : named, message: said };
}
