/** The parts of a JWS Compact Serialization (RFC 7515 section 7.1), still encoded. */
export interface CompactJws {
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
  /** The signed text: header and payload, joined by a dot. */
  readonly signingInput: string;
}

const BASE64URL = /^[\w-]+$/;

/**
 * The last character of a part whose length modulo 4 is two or three. Its unused bits must be zero (RFC 4648 section
 * 3.5). Otherwise several texts would decode to the same bytes.
 */
const LAST_OF_TWO = /[AQgw]$/;
const LAST_OF_THREE = /[AEIMQUYcgkosw048]$/;

/** Splits a token. Returns undefined if it is not three non-empty parts of canonical base64url. */
export function splitCompactJws(text: string): CompactJws | undefined {
  const firstDot = text.indexOf('.');
  const secondDot = text.indexOf('.', firstDot + 1);
  if (secondDot === -1) return undefined;
  const header = text.slice(0, firstDot);
  const payload = text.slice(firstDot + 1, secondDot);
  const signature = text.slice(secondDot + 1);
  // This also refuses a third dot, which is not a base64url character.
  if (!isCanonical(header) || !isCanonical(payload) || !isCanonical(signature)) return undefined;
  return { header, payload, signature, signingInput: text.slice(0, secondDot) };
}

/** Whether the part is canonical base64url without padding (RFC 7515 section 2). */
function isCanonical(part: string): boolean {
  if (!BASE64URL.test(part)) return false;
  const rest = part.length % 4;
  return rest === 0 || (rest === 2 && LAST_OF_TWO.test(part)) || (rest === 3 && LAST_OF_THREE.test(part));
}
