/** The parts of a JWS Compact Serialization (RFC 7515 section 7.1), still encoded. */
export interface CompactJws {
  readonly header: string;
  readonly payload: string;
  readonly signature: string;
  /** What was signed: header and payload with the dot between them. */
  readonly signingInput: string;
}

const BASE64URL = /^[\w-]+$/;

/**
 * The last character of a part that is two or three longer than whole groups of four: its unused bits are zero
 * (RFC 4648 section 3.5). Else several texts would stand for the same bytes.
 */
const LAST_OF_TWO = /[AQgw]$/;
const LAST_OF_THREE = /[AEIMQUYcgkosw048]$/;

/** Splits a token, or tells by undefined that it is not three non-empty parts of canonical base64url. */
export function splitCompactJws(text: string): CompactJws | undefined {
  const firstDot = text.indexOf('.');
  const secondDot = text.indexOf('.', firstDot + 1);
  if (secondDot === -1) return undefined;
  const header = text.slice(0, firstDot);
  const payload = text.slice(firstDot + 1, secondDot);
  const signature = text.slice(secondDot + 1);
  // A third dot is no character of base64url.
  if (!isCanonical(header) || !isCanonical(payload) || !isCanonical(signature)) return undefined;
  return { header, payload, signature, signingInput: text.slice(0, secondDot) };
}

/** Base64url as RFC 7515 section 2 has it, without padding. */
function isCanonical(part: string): boolean {
  if (!BASE64URL.test(part)) return false;
  const rest = part.length % 4;
  return rest === 0 || (rest === 2 && LAST_OF_TWO.test(part)) || (rest === 3 && LAST_OF_THREE.test(part));
}
