import type { Answer } from './ask.js';

/** Where a redirect leads (RFC 9110 section 15.4); undefined where there is none, or it leads to nothing to be asked. */
export function redirectOf({ status, headers }: Answer, from: string): URL | undefined {
  const location = headers.get('location');
  if (status < 300 || status >= 400 || location === null) return undefined;
  const target = URL.canParse(location, from) ? new URL(location, from) : undefined;
  return target !== undefined && /^https?:$/.test(target.protocol) ? target : undefined;
}
