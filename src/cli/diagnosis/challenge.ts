import { isScope } from '../../options/scopes.js';

/** A `Bearer` challenge of a `WWW-Authenticate` header (RFC 6750 section 3). */
export interface Challenge {
  /** Only valid scope names: the response may contain anything. */
  readonly scopes: readonly string[];
  readonly error: string | undefined;
  readonly description: string | undefined;
}

const SCHEME = /[\s,]*([\w!#$%&'*+.^`|~-]+)(?=[\s,]|$)/y;
const PARAMETER = /[\s,]*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y;

/** Returns the first challenge for bearer tokens in these headers; undefined if there is none. */
export function challengeIn(headers: Headers): Challenge | undefined {
  const parameters = parametersOf('bearer', headers.get('www-authenticate') ?? '');
  if (parameters === undefined) return undefined;
  return {
    scopes: (parameters.get('scope') ?? '').split(' ').filter(isScope),
    error: parameters.get('error'),
    description: parameters.get('error_description'),
  };
}

/** Reads one of the challenges in a header, each with its own parameters (RFC 9110 section 11.6.1). */
function parametersOf(wanted: string, text: string): Map<string, string> | undefined {
  let parameters: Map<string, string> | undefined;
  for (let at = 0; ; ) {
    const [, name, quoted, bare] = matchAt(PARAMETER, text, at) ?? [];
    if (name !== undefined) {
      parameters?.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '');
      at = PARAMETER.lastIndex;
      continue;
    }
    const scheme = matchAt(SCHEME, text, at)?.[1];
    if (parameters !== undefined || scheme === undefined) return parameters;
    if (scheme.toLowerCase() === wanted) parameters = new Map();
    at = SCHEME.lastIndex;
  }
}

function matchAt(sticky: RegExp, text: string, at: number): RegExpExecArray | null {
  sticky.lastIndex = at;
  return sticky.exec(text);
}
