/**
 * The key times of the API under soak, in seconds. They are so short that a minute contains some twenty refreshes, and
 * outages longer than twice `maxAge`. As with the defaults (600, 86 400, 30 and 5), a fetch takes less than `maxAge`,
 * two refreshes for unknown key ids are less than `timeout` apart, and no outage is as long as `maxStale`.
 */
export const jwksCache = { maxAge: 2.5, maxStale: 60, cooldown: 5, timeout: 2 } as const;

/** The same times in milliseconds, for the judge. */
export const keyTimes = {
  maxAge: jwksCache.maxAge * 1000,
  maxStale: jwksCache.maxStale * 1000,
  timeout: jwksCache.timeout * 1000,
} as const;

/** A small cache, which is full before the heap is measured: a cache that still fills would look like a leak. */
export const tokenCache = { max: 100 } as const;

/** A rate that does not saturate a small machine: the soak of a saturated API would measure only its queue. */
export const requestsPerSecond = 400;

/** The number of requests in a flood. Each has a different key id, and all are sent at once. */
export const requestsOfFlood = 200;

/** The interval between tokens with a key id that the API cannot know. */
export const strayEveryMs = 2_700;

/** How long a caller waits for a response, in milliseconds. */
export const callerPatience = 5_000;

export const shoppingApi = 'https://shopping.api';
