/** V8 copies substrings of up to this length. A longer one would keep the whole text in memory. */
const TAIL = 12;

interface Entry {
  /** Nothing else references its target, so the next full garbage collection clears it. */
  readonly seen: WeakRef<{ readonly text: string }>;
  readonly digest: string;
}

/**
 * The digests of recent tokens. A token that is received again, identical in every character, then needs no new
 * digest: comparing two texts takes a twentieth of the time. The memo finds a token by the end of its signature,
 * which cannot be guessed, and then compares the whole text. It keeps no text beyond the next full garbage
 * collection.
 */
export class DigestMemo {
  readonly #entries = new Map<string, Entry>();
  readonly #max: number;

  /** @param max - the maximum number of digests */
  constructor(max: number) {
    this.#max = max;
  }

  /** The digest of this text, if it is stored. */
  get(text: string): string | undefined {
    const entry = this.#entries.get(text.slice(-TAIL));
    return entry?.seen.deref()?.text === text ? entry.digest : undefined;
  }

  /** Stores the digest of a valid token. Other texts must not be stored: they would displace tokens. */
  set(text: string, digest: string): void {
    const tail = text.slice(-TAIL);
    // Clear all entries: tracking the oldest would cost more than computing each digest once more.
    if (this.#entries.size >= this.#max && !this.#entries.has(tail)) this.#entries.clear();
    this.#entries.set(tail, { seen: new WeakRef({ text }), digest });
  }
}
