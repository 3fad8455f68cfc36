/** Several readings of one thing: machines are noisy, so one reading is none. */
export interface Readings {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function summarize(values: readonly number[]): Readings {
  return { median: percentile(values, 50), min: Math.min(...values), max: Math.max(...values) };
}

/** @param p - from 0 to 100 */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (p / 100) * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position % 1);
}

/** The ratios of the readings that were taken next to each other. */
export function ratios(of: readonly number[], over: readonly number[]): number[] {
  return of.map((value, i) => value / (over[i] ?? Number.NaN));
}

/**
 * Takes rounds in turn, each beginning with another: what slows the machine for a while then slows all alike.
 */
export async function interleave<Name extends string>(
  names: readonly Name[],
  rounds: number,
  read: (name: Name, round: number) => Promise<number>,
): Promise<Record<Name, number[]>> {
  const readings = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round += 1) {
    const shift = round % names.length;
    for (const name of [...names.slice(shift), ...names.slice(0, shift)]) {
      readings[name].push(await read(name, round));
    }
  }
  return readings;
}
