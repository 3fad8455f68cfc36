/** V8 copies a part of a text that is so short; a longer part would keep the whole text in memory. */
const TAIL = 12;

interface Entry {
  /** Cleared by the garbage collection that also takes the request whose header the text was. */
  readonly seen: WeakRef<{ readonly text: string }>;
  readonly digest: string;
}

/**
 * The digests of tokens that came lately, so that a token repeated to the letter needs none: to compare two texts takes
 * a twentieth of the time of a digest. A token is found by the end of its signature, which nobody can guess, and only
 * then its whole text is compared. No text is kept in memory for it.
 */
export class DigestMemo {
  readonly #entries = new Map<string, Entry>();
  readonly #max: number;

  /** @param max - how many digests are kept */
  constructor(max: number) {
    this.#max = max;
  }

  /** The digest of this text, if it is known. */
  get(text: string): string | undefined {
    const entry = this.#entries.get(text.slice(-TAIL));
    return entry?.seen.deref()?.text === text ? entry.digest : undefined;
  }

  /** For texts of valid tokens alone: others would take their places. */
  set(text: string, digest: string): void {
    // All at once, since to know the oldest costs more than each of them a digest, once.
    if (this.#entries.size >= this.#max) this.#entries.clear();
    this.#entries.set(text.slice(-TAIL), { seen: new WeakRef({ text }), digest });
  }
}
