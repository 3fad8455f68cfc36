/** Runs tasks one after the other, even if they are added concurrently. */
export class TaskQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** @returns the result of the task, which starts when the previous tasks have settled */
  do<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}
