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

export const recordedCalls: readonly RecordedCall[] = JSON.parse(
  readFileSync(new URL('../../fixtures/logto/management-api.json', import.meta.url), 'utf8'),
);
