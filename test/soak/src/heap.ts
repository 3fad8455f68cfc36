/** What a process held in memory at a time, in bytes, after a garbage collection. */
export interface HeapSample {
  at: number;
  bytes: number;
}

/** Caches fill and code is compiled in the first part of a run: what is added then says nothing. */
const warmUp = 1 / 4;

/** What comes and goes with the requests under way. A leak of 200 bytes a request outgrows it in a minute. */
const allowedBytes = 2 * 1024 * 1024;

/**
 * How much a heap grew after the warm-up: the median of its last third against that of its first third, so that
 * no single sample decides.
 */
export function growth(samples: readonly HeapSample[]): { from: number; to: number; isUnbounded: boolean } {
  const warm = samples.slice(Math.floor(samples.length * warmUp));
  const third = Math.max(1, Math.floor(warm.length / 3));
  const from = median(warm.slice(0, third));
  const to = median(warm.slice(-third));
  return { from, to, isUnbounded: to - from > allowedBytes };
}

function median(samples: readonly HeapSample[]): number {
  const sorted = samples.map(({ bytes }) => bytes).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
