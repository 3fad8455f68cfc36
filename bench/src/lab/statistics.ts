/**
 * A summary of several readings. A quarter of them is below `low`, and a quarter above `high`. One disturbed reading
 * among many has little effect.
 */
export interface Readings {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

export function summarize(values: readonly number[]): Readings {
  return { low: percentile(values, 25), median: percentile(values, 50), high: percentile(values, 75) };
}

/** @param p - from 0 to 100 */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (p / 100) * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position % 1);
}

/** Returns the ratios of the readings with the same index. */
export function ratios(of: readonly number[], over: readonly number[]): number[] {
  return of.map((value, i) => value / (over[i] ?? Number.NaN));
}

/**
 * Takes one reading of each name in each round, so that a temporary slowdown of the machine affects all equally. Each
 * round begins with another name, and every second round is reversed, so that the predecessor of a name varies.
 */
export async function interleave<Name extends string, Reading = number>(
  names: readonly Name[],
  rounds: number,
  read: (name: Name, round: number) => Promise<Reading>,
): Promise<Record<Name, Reading[]>> {
  const readings = Object.fromEntries(names.map((name) => [name, [] as Reading[]])) as Record<
    Name,
    Reading[]
  >;
  for (let round = 0; round < rounds; round += 1) {
    const shift = round % names.length;
    const order = [...names.slice(shift), ...names.slice(0, shift)];
    for (const name of round % 2 === 0 ? order : order.toReversed()) {
      readings[name].push(await read(name, round));
    }
  }
  return readings;
}
