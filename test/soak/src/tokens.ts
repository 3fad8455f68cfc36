import { randomBytes } from 'node:crypto';
import { askForToken, withAlteredScope } from '../../../demo/dist/tokens.js';
import type { shopDirectory } from '../../local-issuer/dist/directory.js';
import type { TokenKind } from './exchange.js';
import { shoppingApi } from './settings.js';

/** A token that a caller of the soak sends, and what it is like. */
export interface SoakToken {
  kind: TokenKind;
  keyId: string;
  text: string;
}

/** Of each new key so many tokens are sent again and again, by different callers as it were. */
const repeatedOfAKey = 10;

/** The apps of the shop get their tokens from Logto's token endpoint, as its directory allows them. */
export class TokenDesk {
  readonly #directory;
  readonly #issuer: string;

  /** @param directory The one that the issuer runs on. */
  constructor(issuer: string, directory: ReturnType<typeof shopDirectory>) {
    this.#issuer = issuer;
    this.#directory = directory;
  }

  /** One valid token, for a caller that will send it once. */
  async fresh(): Promise<SoakToken> {
    return soakToken('fresh', await this.#ask('statistics-service'));
  }

  /** What callers have in their hands soon after Logto took a new key into use. */
  async ofNewKey(): Promise<SoakToken[]> {
    const [altered, unpermitted, ...valid] = await Promise.all([
      this.#ask('statistics-service'),
      this.#ask('stranger-service'),
      ...Array.from({ length: repeatedOfAKey }, () => this.#ask('statistics-service')),
    ]);
    return [
      ...valid.map((token) => soakToken('repeated', token)),
      soakToken('unpermitted', unpermitted),
      soakToken('altered', withAlteredScope(altered, 'read:products write:products')),
    ];
  }

  /** Tokens that no key could help. */
  async hopeless(): Promise<SoakToken[]> {
    const otherAudience = await this.#ask('catalog-service', 'https://inventory.api', 'read:stock');
    return [
      { kind: 'none', keyId: '', text: '' },
      soakToken('otherAudience', otherAudience),
      soakToken('expired', await this.#askExpired()),
    ];
  }

  #ask(appName: string, resource = shoppingApi, scope = 'read:products') {
    const app = this.#directory.applications.find(({ name }) => name === appName);
    if (!app) throw new Error(`The directory has no app named ${appName}.`);
    return askForToken(this.#issuer, app, { resource, scope });
  }

  /** The directory decides how long a token lives, and knows no lower bound. */
  async #askExpired() {
    const api = this.#directory.resources.find(({ indicator }) => indicator === shoppingApi);
    if (!api) throw new Error(`The directory has no API ${shoppingApi}.`);
    const { accessTokenTtl } = api;
    api.accessTokenTtl = -60;
    try {
      return await this.#ask('statistics-service');
    } finally {
      api.accessTokenTtl = accessTokenTtl;
    }
  }
}

/** The same token, but said to be signed by a key that nobody has. */
export function withMadeUpKey({ text }: SoakToken): SoakToken {
  const [header = '', ...rest] = text.split('.');
  const keyId = randomBytes(32).toString('base64url');
  const forged = Buffer.from(JSON.stringify({ ...decoded(header), kid: keyId })).toString('base64url');
  return { kind: 'madeUpKey', keyId, text: [forged, ...rest].join('.') };
}

function soakToken(kind: TokenKind, { text }: { text: string }): SoakToken {
  const [header = ''] = text.split('.');
  return { kind, keyId: decoded(header)['kid'] ?? '', text };
}

function decoded(header: string): Record<string, string> {
  return JSON.parse(Buffer.from(header, 'base64url').toString());
}
