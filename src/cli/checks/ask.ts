/** Seconds in which an answer has to come. */
const PATIENCE = 5;
/** No answer that is looked at here is longer. */
const LONGEST = 256 * 1024;

/** What somebody answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** When it was made, by the clock of this machine: in the middle of the waiting, in milliseconds. */
  readonly at: number;
}

/** Nobody answered. */
export class Unreachable {
  constructor(
    readonly why: string,
    readonly fix: string,
  ) {}
}

/** Asks by GET, once, and follows no redirect: the token must go nowhere else. */
export async function ask(
  url: string | URL,
  headers: Record<string, string> = {},
): Promise<Answer | Unreachable> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), PATIENCE * 1000);
  const began = Date.now();
  try {
    const response = await fetch(url, { headers, redirect: 'manual', signal: controller.signal });
    const at = (began + Date.now()) / 2;
    return { status: response.status, headers: response.headers, text: await beginning(response), at };
  } catch (error) {
    return controller.signal.aborted ? silent(new URL(url)) : explain(error, new URL(url));
  } finally {
    clearTimeout(timer);
  }
}

/** The body, or as much of it as came: status and headers say enough, and a stream of events has no end. */
async function beginning({ body }: Response): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    let size = 0;
    for await (const part of body ?? []) {
      const chunk = Buffer.from(part);
      chunks.push(chunk);
      size += chunk.length;
      if (size > LONGEST) break;
    }
  } catch {
    // It broke off, or took too long.
  }
  return Buffer.concat(chunks).toString('utf8');
}

function silent({ host }: URL): Unreachable {
  return new Unreachable(
    `${host} did not answer within ${PATIENCE} s`,
    'Does a firewall or security group let this machine through, and is the port right? Node takes no notice of HTTPS_PROXY by itself.',
  );
}

function explain(error: unknown, { host, hostname, port, protocol }: URL): Unreachable {
  const { cause = error } = error as { cause?: unknown };
  const { code: given, name, message = '' } = cause as { code?: unknown; name?: string; message?: string };
  const code = typeof given === 'string' ? given : (name ?? 'Error');
  const at = `port ${port || (protocol === 'https:' ? 443 : 80)}`;
  if (code === 'ECONNREFUSED') {
    const why = `nothing listens at ${host} (ECONNREFUSED)`;
    return new Unreachable(
      why,
      `Is it running, and is ${at} the right one? Inside a container, localhost is the container itself.`,
    );
  }
  if (message === 'bad port') {
    return new Unreachable(`${at} is one that no fetch asks`, 'Name the port at which it really listens.');
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    const why = `the name ${hostname} is not found (${code})`;
    return new Unreachable(
      why,
      'Is it spelt right, and does the DNS of this very machine or container know it?',
    );
  }
  if (/CERT|SELF_SIGNED|ISSUER|UNABLE_TO_VERIFY/.test(code)) {
    const why = `the certificate of ${host} is not trusted (${code})`;
    return new Unreachable(
      why,
      'Has it expired, or another name? Where a certificate authority of your own signed it, set NODE_EXTRA_CA_CERTS to its file.',
    );
  }
  if (code === 'EPROTO' || /^ERR_(SSL|TLS)/.test(code) || /ssl|tls/i.test(message)) {
    return new Unreachable(
      `${host} speaks no TLS that Node understands (${code})`,
      `Is ${at} a port for http? Then name the one for https.`,
    );
  }
  if (code.startsWith('HPE_') || code === 'UND_ERR_SOCKET' || code === 'ECONNRESET') {
    return new Unreachable(
      `${host} broke the connection off (${code})`,
      `Does ${at} speak ${protocol === 'http:' ? 'https and not http' : 'http and not https'}, or something else altogether?`,
    );
  }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT')
    return silent(new URL(`${protocol}//${host}`));
  return new Unreachable(`${host} cannot be reached (${code})`, 'Is there a way to it from this machine?');
}
