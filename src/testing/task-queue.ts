/** Does pieces of work one after the other, however they are called. */
export class TaskQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** @returns what the work gives, once those before it have ended, well or not */
  do<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}
