import type { LogtoAuth } from 'express-logto-m2m';
import { Registry } from 'prom-client';
import { countDecisions } from './decisions.js';
import { countKeyRefreshes } from './key-refreshes.js';
import { showState } from './state.js';

/**
 * What Prometheus is told of the package: its decisions, and how it fares with Logto's keys.
 *
 * Make one for a process and let all of its apps show the same one. The package's channels belong to the process, not
 * to an app, so each `Metrics` counts what all of them do: two of them, both scraped, would count everything twice.
 *
 * @param auths Every instance of the process; the state of their keys is shown.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #endings: (() => void)[];

  constructor(...auths: LogtoAuth[]) {
    const issuers = auths.flatMap((auth) => auth.health().issuers.map(({ issuer }) => issuer));
    showState(this.#registry, auths);
    this.#endings = [...countDecisions(this.#registry), ...countKeyRefreshes(this.#registry, issuers)];
  }

  /** The media type of the text. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All of it as it is now, in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Ends the counting; what was counted is still shown. */
  close(): void {
    for (const end of this.#endings.splice(0)) end();
  }
}
