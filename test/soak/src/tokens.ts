import { randomBytes } from 'node:crypto';
import { askForToken, withAlteredScope } from '../../../demo/dist/tokens.js';
import type { shopDirectory } from '../../local-issuer/dist/directory.js';
import type { TokenKind } from './exchange.js';
import { shoppingApi } from './settings.js';

/** A token that a caller of the soak sends, with its kind. */
export interface SoakToken {
  kind: TokenKind;
  keyId: string;
  text: string;
}

/** How many tokens of each new key are sent repeatedly, like those of different callers. */
const repeatedOfAKey = 10;

/** Gets the tokens of the shop's apps from Logto's token endpoint, with the permissions of the directory. */
export class TokenDesk {
  readonly #directory;
  readonly #issuer: string;

  /** @param directory - the directory that the issuer uses */
  constructor(issuer: string, directory: ReturnType<typeof shopDirectory>) {
    this.#issuer = issuer;
    this.#directory = directory;
  }

  /** Returns one valid token, for a caller that will send it once. */
  async fresh(): Promise<SoakToken> {
    return soakToken('fresh', await this.#ask('statistics-service'));
  }

  /** Returns the tokens of callers shortly after Logto has begun to use a new key. */
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

  /** Returns tokens that are invalid with any key. */
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

  /** Returns an expired token: the directory accepts a negative lifetime. */
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

/** Returns the same token with the id of a key that does not exist. */
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
