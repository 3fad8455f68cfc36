import type { Refusal } from '../errors.js';
import { type KeyHealth, type KeySource, unknownKey } from './key-source.js';
import type { Keys, VerificationKey } from './verification-key.js';

/** Keys given in the configuration: no network, no age. */
export class PinnedKeySet implements KeySource {
  constructor(
    private readonly issuer: string,
    private readonly keys: Keys,
  ) {}

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

  disowns(): undefined {
    return undefined;
  }

  health(): KeyHealth {
    return { issuer: this.issuer, keyIds: [...this.keys.keys()], stale: false };
  }
}
