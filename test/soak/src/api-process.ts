import { subscribe } from 'node:diagnostics_channel';
import { createLogtoAuth, type DeniedMessage } from 'express-logto-m2m';
import { createApp } from '../../../example-server/dist/app.js';
import { serve } from '../../../example-server/dist/http/serve.js';
import { work } from './child.js';
import { jwksCache, shoppingApi, tokenCache } from './settings.js';

/** The counts from the API's diagnostics, from which a real API would feed its metrics. */
export interface ApiCounts {
  /** How many requests were refused, by reason. */
  denied: Record<string, number>;
  keysRefreshed: number;
  keysFailed: number;
}

const counts: ApiCounts = { denied: {}, keysRefreshed: 0, keysFailed: 0 };
subscribe('express-logto-m2m:denied', (message) => {
  const { reason } = (message as DeniedMessage).error;
  counts.denied[reason] = (counts.denied[reason] ?? 0) + 1;
});
subscribe('express-logto-m2m:keys-refreshed', () => {
  counts.keysRefreshed += 1;
});
subscribe('express-logto-m2m:keys-failed', () => {
  counts.keysFailed += 1;
});

/** The issuer that the API trusts, and its key times: the defaults, or those of the settings. */
interface Place {
  issuer: string;
  jwksUri: string;
  times: 'default' | 'short';
}

const tasks = {
  /** Starts the example's API with its keys, and returns its address. */
  async start({ issuer, jwksUri, times }: Place): Promise<string> {
    const auth = createLogtoAuth({
      issuers: [{ issuer, jwksUri }],
      audience: shoppingApi,
      ...(times === 'short' && { jwksCache }),
      tokenCache,
    });
    await auth.ready();
    return (await serve(createApp(auth), 0)).url;
  },

  /** Returns the size of the used heap after a garbage collection, in bytes. */
  heap(): number {
    if (!globalThis.gc) throw new Error('It was started without --expose-gc.');
    globalThis.gc();
    return process.memoryUsage().heapUsed;
  },

  counts: () => counts,
};

export type ApiTasks = typeof tasks;

work(tasks);
