/** The interval of the timer, in milliseconds. */
const tick = 10;

/**
 * Runs an action at a constant rate, without waiting for its effects.
 *
 * @returns a function that stops it
 */
export function steadily(perSecond: number, action: () => void): () => void {
  let before = performance.now();
  let due = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    // Actions that were missed during a stall of this process are not made up for all at once.
    due += (Math.min(now - before, 5 * tick) / 1000) * perSecond;
    before = now;
    for (; due >= 1; due -= 1) action();
  }, tick);
  return () => clearInterval(timer);
}
