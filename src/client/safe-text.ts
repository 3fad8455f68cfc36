import { ClientSecretBasic } from 'oauth4webapi';
import { cut, oneLine } from '../util/printable.js';
import type { ClientSettings } from './options.js';

/** The maximum length of text from Logto in a message. */
const LONGEST = 200;

/** The maximum number of decoded forms of a text that are checked. */
const MOST_READINGS = 40;

/**
 * Returns text from a response, truncated and on one line. Returns undefined if the text contains the secret: as is,
 * as sent, or encoded as a form, URL, JSON, base64 or hex, also with nested encodings.
 */
export function safeText(settings: ClientSettings, text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  const forms = formsOf(settings).map((form) => form.toLowerCase());
  for (const reading of readingsOf(text)) {
    if (hasCredentials(reading)) return undefined;
    // Some forms are case-insensitive, and a false match does no harm.
    const said = reading.toLowerCase();
    if (forms.some((form) => said.includes(form))) return undefined;
  }
  return cut(oneLine(text), LONGEST);
}

/** Whether the text contains Basic credentials, of any app. */
function hasCredentials(text: string): boolean {
  const [...found] = text.matchAll(/Basic\s+([A-Za-z0-9+/]+)/gi);
  return found.some(([, encoded = '']) => Buffer.from(encoded, 'base64').includes(':'));
}

/** The text, and its decoded forms, in any order of decoding. */
function readingsOf(text: string): readonly string[] {
  const readings = [text];
  for (const reading of readings) {
    for (const decode of DECODERS) {
      const decoded = decode(reading);
      if (readings.length < MOST_READINGS && !readings.includes(decoded)) readings.push(decoded);
    }
  }
  return readings;
}

const DECODERS: readonly ((text: string) => string)[] = [
  // RFC 3986 section 2.1.
  (text) =>
    text.replace(/(?:%[\da-f]{2})+/gi, (hex) => Buffer.from(hex.replaceAll('%', ''), 'hex').toString()),
  // The form encoding of a space.
  (text) => text.replaceAll('+', ' '),
  // RFC 8259 section 7.
  (text) =>
    text.replace(/\\(?:u([\da-f]{4})|(.))/gi, (_, unit, character) =>
      unit === undefined ? character : String.fromCharCode(Number.parseInt(unit, 16)),
    ),
  // Base64url, and base64 with line breaks.
  (text) => text.replaceAll('-', '+').replaceAll('_', '/'),
  (text) => text.replace(/\s+/g, ''),
];

function formsOf({ endpoint, appId, appSecret }: ClientSettings): string[] {
  const sent = Buffer.from(credentialsAsSent(endpoint, appId, appSecret), 'base64').toString();
  const secrets = [
    appSecret,
    // Other code may have trimmed it when it read it from a file.
    appSecret.replace(/^[\s'"]+|[\s'"]+$/g, ''),
    // The part after the id. The encoded id has no colon.
    sent.slice(sent.indexOf(':') + 1),
  ];
  const encoded = secrets.flatMap((secret) => [Buffer.from(secret).toString('hex'), ...inBase64(secret)]);
  return [...secrets, ...encoded].filter((form) => form !== '');
}

/**
 * The base64 characters that represent the secret in any longer base64 text. There are three forms, since a byte can
 * begin at three positions in a group of four characters (RFC 4648 section 4).
 */
function inBase64(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // The first and the last character also contain bits of adjacent bytes.
    return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
}

/** The credentials after `Basic`, built by the code that builds the token request. */
function credentialsAsSent(issuer: string, appId: string, appSecret: string): string {
  const headers = new Headers();
  ClientSecretBasic(appSecret)({ issuer }, { client_id: appId }, new URLSearchParams(), headers);
  return headers.get('authorization')?.replace('Basic ', '') as string;
}
