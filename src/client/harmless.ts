import { ClientSecretBasic } from 'oauth4webapi';
import type { ClientSettings } from './options.js';

/** More of what Logto says no message needs. */
const LONGEST = 200;

/**
 * What an answer says, cut, on one line, and nothing of it at all where it echoes the secret: as it is, as it was
 * sent, or as others would write it in a form or an address.
 */
export function harmless(settings: ClientSettings, text: unknown): string | undefined {
  if (typeof text !== 'string' || hasCredentials(text)) return undefined;
  // Percent-encoding is the same in upper and lower case, and nothing is lost where more than that is held back.
  const said = text.toLowerCase();
  const isEchoed = formsOf(settings).some((form) => said.includes(form.toLowerCase()));
  return isEchoed ? undefined : text.slice(0, LONGEST).replace(/\p{Cc}+/gu, ' ');
}

/** What stands in an Authorization header, whoever's it is. */
function hasCredentials(text: string): boolean {
  const [...found] = text.matchAll(/Basic\s+([A-Za-z0-9+/]+)/gi);
  return found.some(([, encoded = '']) => Buffer.from(encoded, 'base64').includes(':'));
}

function formsOf({ endpoint, appId, appSecret }: ClientSettings): string[] {
  const basic = credentialsAsSent(endpoint, appId, appSecret);
  const sent = Buffer.from(basic, 'base64').toString();
  return [
    appSecret,
    // As whoever reads it out of a file may write it.
    appSecret.replace(/^[\s'"]+|[\s'"]+$/g, ''),
    basic,
    // After the id, which holds no colon any more once it is encoded.
    sent.slice(sent.indexOf(':') + 1),
    Buffer.from(`${appId}:${appSecret}`).toString('base64'),
    encodeURIComponent(appSecret),
    new URLSearchParams([['', appSecret]]).toString().slice(1),
  ].filter((form) => form !== '');
}

/** What stands behind `Basic` in the request, made by the code that makes the request. */
function credentialsAsSent(issuer: string, appId: string, appSecret: string): string {
  const headers = new Headers();
  ClientSecretBasic(appSecret)({ issuer }, { client_id: appId }, new URLSearchParams(), headers);
  return headers.get('authorization')?.replace('Basic ', '') as string;
}
