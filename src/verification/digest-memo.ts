/** V8 copies a substring of so few characters. A longer one would keep the whole text in memory. */
const TAIL = 12;

interface Entry {
  /** What nothing else refers to, so that the next full garbage collection clears it. */
  readonly seen: WeakRef<{ readonly text: string }>;
  readonly digest: string;
}

/**
 * The digests of tokens that came lately. A token that comes again, the same in every character, then needs no digest:
 * to compare two texts takes a twentieth of the time. A token is found by the end of its signature, which nobody can
 * guess, and only then its whole text is compared. The memo keeps no text beyond the next full garbage collection.
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

  /** Notes the digest of a valid token. Other texts must not come here: they would displace tokens. */
  set(text: string, digest: string): void {
    const tail = text.slice(-TAIL);
    // Clears all of them: to know which is the oldest would cost more than to compute each digest once more.
    if (this.#entries.size >= this.#max && !this.#entries.has(tail)) this.#entries.clear();
    this.#entries.set(tail, { seen: new WeakRef({ text }), digest });
  }
}
