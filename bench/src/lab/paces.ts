import type { Contestant } from '../contestants/index.js';
import { type Readings, ratios, summarize } from './statistics.js';

/** How fast an API responds. */
export interface Pace {
  /** Requests per second. */
  readonly byClock: number;
  /** Requests per second of processor time, of all threads of the API's process. */
  readonly byProcessor: number;
}

/** The paces of contestants that were measured in the same rounds. */
export class Paces {
  readonly #paces = new Map<Contestant, Pace[]>();

  get names(): Contestant[] {
    return [...this.#paces.keys()];
  }

  add(readings: Partial<Record<Contestant, Pace[]>>): void {
    for (const [name, paces] of Object.entries(readings) as [Contestant, Pace[]][]) {
      this.#paces.set(name, [...(this.#paces.get(name) ?? []), ...paces]);
    }
  }

  of(name: Contestant, by: keyof Pace = 'byProcessor'): Readings {
    return summarize(this.#all(name, by));
  }

  /** Returns the ratio of two contestants, from the readings of each round. */
  ratio(name: Contestant, over: Contestant, by: keyof Pace = 'byProcessor'): Readings {
    return summarize(ratios(this.#all(name, by), this.#all(over, by)));
  }

  #all(name: Contestant, by: keyof Pace): number[] {
    return (this.#paces.get(name) ?? []).map((pace) => pace[by]);
  }
}
