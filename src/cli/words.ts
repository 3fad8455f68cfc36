const UNITS: readonly [name: string, seconds: number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** Formats a duration in the largest unit that fits at least twice: 90 seconds, 41 minutes, 3 hours. */
export function duration(seconds: number): string {
  const size = Math.abs(Math.round(seconds));
  const [name, unit] = UNITS.find(([, length]) => size >= 2 * length) ?? ['second', 1];
  const count = Math.floor(size / unit);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** Formats a time relative to now: `in 41 minutes`, `3 hours ago`, `now`. Times are in seconds since the epoch. */
export function fromNow(time: number, now = Date.now() / 1000): string {
  const seconds = Math.round(time - now);
  if (seconds === 0) return 'now';
  return seconds > 0 ? `in ${duration(seconds)}` : `${duration(seconds)} ago`;
}

/** Joins names: `a, b and c`. */
export function joinWords(names: readonly string[], word = 'and'): string {
  const last = names.at(-1) ?? 'none';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} ${word} ${last}`;
}

/** Formats the value of any claim. Avoids String(): an object may have a toString member that is not a function. */
export function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
}

/** Formats an assignment for a shell or an env file. */
export function assignment(name: string, value: string): string {
  return /^[\w./:@%+,~-]*$/.test(value) ? `${name}=${value}` : `${name}='${value.replaceAll("'", "'\\''")}'`;
}
