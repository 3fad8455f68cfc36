import type { HttpResponse } from './get.js';

/** Returns the target of a redirect (RFC 9110 section 15.4); undefined if there is no target, or if it is not an HTTP URL. */
export function redirectOf({ status, headers }: HttpResponse, from: string): URL | undefined {
  const location = headers.get('location');
  if (status < 300 || status >= 400 || location === null) return undefined;
  const target = URL.canParse(location, from) ? new URL(location, from) : undefined;
  return target !== undefined && /^https?:$/.test(target.protocol) ? target : undefined;
}
