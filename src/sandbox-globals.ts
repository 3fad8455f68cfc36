import { webcrypto } from 'node:crypto';
import { runInThisContext } from 'node:vm';

/**
 * Node's own globals, for the CommonJS build only. jest runs that build in a sandbox with different globals: before
 * jest 28 there is no `fetch`; jsdom has no TextEncoder, and Node's `fetch` rejects its AbortSignal.
 */
const node = runInThisContext('globalThis') as typeof globalThis;

export const {
  AbortController,
  AbortSignal,
  CompressionStream,
  DecompressionStream,
  DOMException,
  Headers,
  ReadableStream,
  Request,
  Response,
  TextDecoder,
  TextEncoder,
  URL,
  URLSearchParams,
  // biome-ignore lint/suspicious/noShadowRestrictedNames: the build replaces the global with it
  Uint8Array,
  atob,
  btoa,
  crypto,
} = node;
export const { CryptoKey } = webcrypto;

// A test may replace these two: `fetch` with its own, and the clock with one that it can set.
export const performance = globalThis.performance ?? node.performance;
export const fetch: typeof globalThis.fetch = (...args) => (globalThis.fetch ?? node.fetch)(...args);
