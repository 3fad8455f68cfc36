/**
 * A store that replicas share, with the methods of Keyv and similar packages. Its keys are trusted, so anyone who can
 * write to it can issue tokens: protect it as you would protect Logto's own database.
 */
export interface KeyValueStore {
  /** Returns the value stored under that key; undefined or null if there is none, or if it has expired. */
  get(key: string): Promise<unknown>;
  /** Stores a value, a string or plain JSON data, for this many milliseconds. */
  set(key: string, value: unknown, ttlMilliseconds: number): Promise<unknown>;
}
