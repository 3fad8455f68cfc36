const B64TOKEN = /^[\w\-.~+/]+=*$/;

/** Whether the text is exactly one bearer token: the b64token of RFC 6750 section 2.1. */
export function isB64Token(text: string): boolean {
  return B64TOKEN.test(text);
}
