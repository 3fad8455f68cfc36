import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

/** How long a process may take to end after its parent has disconnected, in milliseconds. */
const patience = 5_000;

/** The tasks of a process, by name. */
export type Tasks = { readonly [name: string]: (argument: never) => unknown };

type Name<T extends Tasks> = keyof T & string;
type ArgumentOf<T extends Tasks, N extends Name<T>> = Parameters<T[N]>[0];
type ResultOf<T extends Tasks, N extends Name<T>> = Awaited<ReturnType<T[N]>>;

/** A separate process, so that its work does not delay that of the others. */
export interface Child<T extends Tasks> {
  /** Runs a task in the process. Arguments and results are sent as JSON. Rejects if the process ends instead. */
  ask<N extends Name<T>>(task: N, argument: ArgumentOf<T, N>): Promise<ResultOf<T, N>>;
  /** Rejects when the process ends unexpectedly. Never resolves. */
  readonly lost: Promise<never>;
  stop(): Promise<void>;
}

/** Starts a module of this folder, by its file name without the extension. The module calls `work` with its tasks. */
export function startChild<T extends Tasks>(name: string, nodeOptions: string[] = []): Child<T> {
  const file = new URL(`./${name}.js`, import.meta.url);
  // Detached, since Ctrl-C in a terminal would also end it, and its results would be lost.
  const child = fork(file, { execArgv: nodeOptions, detached: true });
  const waiting: { resolve: (result: never) => void; reject: (reason: Error) => void }[] = [];
  child.on('message', ({ result }: { result: never }) => waiting.shift()?.resolve(result));

  let isStopping = false;
  const ended = once(child, 'exit');
  const lost = ended.then(([code, signal]) => {
    const error = new Error(`The ${name} ended by itself: ${signal ?? `exit code ${code}`}.`);
    for (const { reject } of waiting.splice(0)) reject(error);
    return isStopping ? new Promise<never>(() => {}) : Promise.reject(error);
  });
  // Prevents an unhandled rejection if nothing waits for it yet.
  lost.catch(() => {});

  return {
    lost,

    ask: (task, argument) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.send({ task, argument }, (error) => error && reject(error));
      }),

    async stop() {
      isStopping = true;
      if (child.connected) child.disconnect();
      const late = new AbortController();
      const kill = () => child.kill('SIGKILL');
      setTimeout(patience, undefined, late).then(kill, () => {});
      if (child.exitCode === null && child.signalCode === null) await ended;
      late.abort();
    },
  };
}

/** Called in the process: runs the tasks that the parent requests, in their order, and ends with the parent. */
export function work(tasks: Tasks): void {
  let previous: unknown;
  process.on('message', async ({ task, argument }: { task: string; argument: never }) => {
    const result = Promise.resolve(previous).then(() => tasks[task]?.(argument));
    previous = result;
    process.send?.({ result: await result });
  });
  process.on('disconnect', () => process.exit());
}
