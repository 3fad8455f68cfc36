/** A `Bearer` challenge of a `WWW-Authenticate` header (RFC 6750 section 3). */
export interface Challenge {
  readonly scopes: readonly string[];
  readonly error: string | undefined;
  readonly description: string | undefined;
}

/** The challenge in these headers; undefined where there is none for bearer tokens. */
export function challengeIn(headers: Headers): Challenge | undefined {
  const text = /(?:^|,\s*)bearer(?:\s+(.*))?$/is.exec(headers.get('www-authenticate') ?? '');
  if (text === null) return undefined;
  const parameters = new Map<string, string>();
  for (const [, name = '', quoted, bare] of (text[1] ?? '').matchAll(
    /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g,
  )) {
    parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '');
  }
  const scopes = (parameters.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
  return { scopes, error: parameters.get('error'), description: parameters.get('error_description') };
}
