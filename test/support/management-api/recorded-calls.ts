import { readFileSync } from 'node:fs';

/** A call of the Management API and the response of a real Logto. */
export interface RecordedCall {
  readonly method: string;
  readonly path: string;
  readonly request?: Record<string, unknown>;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly response: unknown;
}

export const recordedCalls = read('logto');
/** Calls that the first recording lacks, recorded on a new tenant. */
export const laterRecordedCalls = read('logto-2026-11');

function read(folder: string): readonly RecordedCall[] {
  const file = new URL(`../../fixtures/${folder}/management-api.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}
