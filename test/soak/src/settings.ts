/**
 * How the API under soak keeps its keys, in seconds: so short that a minute holds some twenty refreshes and outages of
 * more than twice `maxAge`. As with the defaults (600, 86 400, 30 and 5) a fetch is bounded to less than `maxAge`, two
 * refreshes for unknown key ids lie closer together than `timeout`, and no outage is as long as `maxStale`.
 */
export const jwksCache = { maxAge: 2.5, maxStale: 60, cooldown: 5, timeout: 2 } as const;

/** In milliseconds, as the judge reckons with them. */
export const keyTimes = {
  maxAge: jwksCache.maxAge * 1000,
  maxStale: jwksCache.maxStale * 1000,
  timeout: jwksCache.timeout * 1000,
} as const;

/** So few that the cache is full before the heap is looked at: one that still fills looks like a leak. */
export const tokenCache = { max: 100 } as const;

/** A pace that leaves a small machine room: a soak of an API with no time to spare measures its queue alone. */
export const requestsPerSecond = 400;

/** Each with a key id of its own, all at once. */
export const requestsOfFlood = 200;

/** One token with a key id that the API cannot know. */
export const strayEveryMs = 2_700;

/** How long a caller waits for an answer, in milliseconds. */
export const callerPatience = 5_000;

export const shoppingApi = 'https://shopping.api';
