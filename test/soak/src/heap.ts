/** The memory that a process used at a time, in bytes, after a garbage collection. */
export interface HeapSample {
  at: number;
  bytes: number;
}

/** The first part of a run, which is ignored: the heap grows because caches fill and code is compiled. */
const warmUp = 1 / 4;

/** The memory that running requests may take. A leak of 200 bytes a request exceeds it within a minute. */
const allowedBytes = 2 * 1024 * 1024;

/**
 * Returns how much a heap grew after the warm-up, from the median of the first third to that of the last third. Medians
 * limit the influence of a single sample.
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
