import type { Refusal } from '../refusal.js';
import { type KeyHealth, type KeySource, unknownKey } from './key-source.js';
import type { IgnoredKey, KeyList, Keys, VerificationKey } from './verification-key.js';

/** Keys given in the configuration: no network, no age. */
export class PinnedKeySet implements KeySource {
  private readonly keys: Keys;
  private readonly ignored: readonly IgnoredKey[];

  constructor(
    private readonly issuer: string,
    { keys, ignored }: KeyList,
  ) {
    this.keys = keys;
    this.ignored = ignored;
  }

  current(): Keys {
    return this.keys;
  }

  async usable(): Promise<Keys> {
    return this.keys;
  }

  async find(kid: string): Promise<VerificationKey | Refusal> {
    return this.keys.get(kid) ?? unknownKey(kid, this.issuer, this.keys);
  }

  lacks(kid: string): boolean {
    return !this.keys.has(kid);
  }

  checkKey(): undefined {
    return undefined;
  }

  health(): KeyHealth {
    const { issuer, keys, ignored } = this;
    const ignoredKeys = ignored.length > 0 && { ignoredKeys: ignored };
    return { issuer, keyIds: [...keys.keys()], stale: false, ...ignoredKeys };
  }
}
