import { spawnSync } from 'node:child_process';

/** A key and a self-signed certificate for this host, as one PEM text; undefined if openssl is not installed. */
export function selfSigned(host: string): string | undefined {
  const command = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=${host} -days 2 -keyout - -out -`;
  const { error, stdout } = spawnSync('openssl', command.split(' '), { encoding: 'utf8' });
  return error === undefined ? stdout : undefined;
}
