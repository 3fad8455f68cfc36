const B64TOKEN = /^[\w\-.~+/]+=*$/;

/** Whether this is one bearer token and nothing beside it: the b64token of RFC 6750 section 2.1. */
export function isB64Token(text: string): boolean {
  return B64TOKEN.test(text);
}
