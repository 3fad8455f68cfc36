import type { Readings } from '../lab/statistics.js';

/** Formats a number with three significant digits, or with all its digits before the point. */
export function number(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en').replaceAll(',', ' ');
  return Number(value.toPrecision(3)).toString();
}

export function ratio(value: number): string {
  return value.toFixed(value < 10 ? 2 : 0);
}

/** Formats a median with the range of the middle half of the readings. */
export function withRange(
  { low, median, high }: Readings,
  format: (value: number) => string = number,
): string {
  return `${format(median)} (${format(low)} to ${format(high)})`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
