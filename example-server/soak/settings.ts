/**
 * How the API under soak keeps its keys, in seconds. The proportions are those of the defaults (600, 86 400, 30
 * and 5), with times so short that a minute holds some thirty refreshes and outages of more than twice `maxAge`:
 * a fetch is bounded to less than `maxAge`, and no outage of the schedule is as long as `maxStale`.
 */
export const jwksCache = { maxAge: 2, maxStale: 60, cooldown: 5, timeout: 1 } as const;

/** In milliseconds, as the judge reckons with them. */
export const keyTimes = {
  maxAge: jwksCache.maxAge * 1000,
  maxStale: jwksCache.maxStale * 1000,
  timeout: jwksCache.timeout * 1000,
  /** Unknown key ids may make the API ask Logto twice at once, then once in this time. */
  askInterval: (jwksCache.cooldown / 5) * 1000,
} as const;

/** So few that the cache is full before the heap is looked at: one that still fills looks like a leak. */
export const tokenCache = { max: 100 } as const;

/** A pace that leaves a small machine room: a soak of an API with no time to spare measures its queue alone. */
export const requestsPerSecond = 400;

/** Each with a key id of its own, all at once. */
export const requestsOfFlood = 200;

/** One token with a key id that the API cannot know: often enough to matter, too seldom to use up its asking. */
export const strayEveryMs = 2_700;

/** How long a caller waits for an answer, in milliseconds. */
export const callerPatience = 5_000;

export const shoppingApi = 'https://shopping.api';
