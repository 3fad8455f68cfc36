import { readFileSync } from 'node:fs';

/** A call of the Management API, as a real Logto answered it. */
export interface RecordedCall {
  readonly method: string;
  readonly path: string;
  readonly request?: Record<string, unknown>;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly response: unknown;
}

export const recordedCalls = read('logto');
/** Those of which the first recording has none: on a new tenant. */
export const laterRecordedCalls = read('logto-2026-11');

function read(folder: string): readonly RecordedCall[] {
  const file = new URL(`../../fixtures/${folder}/management-api.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}
