/** How often it is time to do something, in milliseconds. */
const tick = 10;

/**
 * Does something so many times in a second, whether what it causes keeps up or not.
 *
 * @returns what ends it
 */
export function steadily(perSecond: number, action: () => void): () => void {
  let before = performance.now();
  let due = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    // What a stall of this process kept from being done is not done later all at once.
    due += (Math.min(now - before, 5 * tick) / 1000) * perSecond;
    before = now;
    for (; due >= 1; due -= 1) action();
  }, tick);
  return () => clearInterval(timer);
}
