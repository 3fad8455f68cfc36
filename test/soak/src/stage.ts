import { shopDirectory } from '../../local-issuer/dist/directory.js';
import { type LocalIssuer, startLocalIssuer } from '../../local-issuer/dist/local-issuer.js';
import type { ApiTasks } from './api-process.js';
import { type Child, startChild } from './child.js';
import { type FaultyFront, startFaultyFront } from './faulty-front.js';
import { KeyHistory } from './key-history.js';
import type { LoadTasks } from './load-process.js';
import { keyTimes } from './settings.js';
import { TokenDesk } from './tokens.js';

/** The parts of the soak: the local Logto and its front in this process, API and callers each in their own process. */
export interface Stage {
  logto: LocalIssuer;
  front: FaultyFront;
  desk: TokenDesk;
  history: KeyHistory;
  api: Child<ApiTasks>;
  load: Child<LoadTasks>;
  close(): Promise<void>;
}

/** Starts everything, each on a free port of 127.0.0.1. */
export async function openStage(): Promise<Stage> {
  const directory = shopDirectory();
  const logto = await startLocalIssuer({ directory });
  const history = new KeyHistory(keyTimes.maxAge + keyTimes.maxStale);
  const front = await startFaultyFront(`${logto.issuer}/jwks`, (keyIds) =>
    history.delivered(keyIds, Date.now()),
  );
  const desk = new TokenDesk(logto.issuer, directory);
  const api = startChild<ApiTasks>('api-process', ['--expose-gc']);
  const load = startChild<LoadTasks>('load-process');
  return {
    logto,
    front,
    desk,
    history,
    api,
    load,
    async close() {
      await Promise.all([load.stop(), api.stop()]);
      await Promise.all([front.stop(), logto.stop()]);
    },
  };
}
