import { webcrypto } from 'node:crypto';
import { runInThisContext } from 'node:vm';

/**
 * Node's own globals, for the CommonJS build alone: jest runs it in a sandbox whose globals are another set. Before
 * jest 28 it has no `fetch`, and in jsdom it has an AbortSignal that Node's `fetch` refuses, and no TextEncoder.
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
  // biome-ignore lint/suspicious/noShadowRestrictedNames: the build puts it in the place of the global
  Uint8Array,
  atob,
  btoa,
  crypto,
} = node;
export const { CryptoKey } = webcrypto;

// These two a test may replace: with a `fetch` of its own, or with a clock that it can set.
export const performance = globalThis.performance ?? node.performance;
export const fetch: typeof globalThis.fetch = (...args) => (globalThis.fetch ?? node.fetch)(...args);
