/** A token, read and not verified. The signature is left behind. */
export interface DecodedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** No JWT: what it is instead, for a person. */
export class Undecodable {
  constructor(readonly why: string) {}
}

/** Longer is no token of Logto's, and none that an HTTP server would take. */
const MAX_LENGTH = 16 * 1024;

/** No claim nests deeper; what does could not be shown, for it takes a stack to write it. */
const DEEPEST = 100;

/** What was copied, without what is often copied with it. */
export function tokenIn(text: string): string {
  return text
    .trim()
    .replace(/^(authorization:\s*)?bearer\s+/i, '')
    .replace(/^(["'])(.*)\1$/s, '$2');
}

/** Reads header and claims (RFC 7519 section 3). */
export function decodeToken(text: string): DecodedToken | Undecodable {
  if (text.length > MAX_LENGTH) return new Undecodable('It is longer than 16 KiB, so it is no access token.');
  const parts = text.split('.');
  if (!text.startsWith('eyJ') || !/^[\w.-]+$/.test(text)) return opaque(text);
  if (parts.length === 5) {
    return new Undecodable(
      'It has five parts: it is encrypted (a JWE), and Logto issues no such access tokens.',
    );
  }
  if (parts.length !== 3 || parts.includes('')) {
    return new Undecodable(
      'It begins as a JWT does, and is not whole: some of it was left behind when it was copied.',
    );
  }
  const [header, claims] = parts.map(parseObject);
  if (header === undefined || claims === undefined) {
    return new Undecodable(
      'It begins as a JWT does, and its parts are not JSON to be read: it was altered when it was copied.',
    );
  }
  return { header, claims };
}

function opaque(text: string): Undecodable {
  if (/^[\w-]{20,}$/.test(text)) {
    return new Undecodable(
      'It is an opaque token: Logto gives one to a user for whom the app asked without `resource`. Ask with ' +
        "`resource`, the API identifier; a machine-to-machine app's tokens are always JWTs.",
    );
  }
  return new Undecodable(
    'It is no token of Logto’s: neither three parts of base64url with dots between, nor opaque.',
  );
}

function parseObject(part: string): Record<string, unknown> | undefined {
  try {
    const text = Buffer.from(part, 'base64url').toString('utf8');
    if (depthOf(text) > DEEPEST) return undefined;
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** How many lists and objects are open at once in a JSON text. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [bracket] of text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, '').matchAll(/[[\]{}]/g)) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}
