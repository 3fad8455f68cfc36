/**
 * A moment in the past, by two clocks: the wall clock, which may be set, and `performance.now()`, which stops while
 * the machine sleeps. The age is the greater of the two ages, so that neither a clock that is set back nor a sleep
 * makes it too small. All times are in milliseconds.
 */
export class Moment {
  private constructor(
    /** By the wall clock, since the epoch. */
    readonly wall: number,
    private readonly monotonic: number,
  ) {}

  /** The current moment. */
  static now(): Moment {
    return new Moment(Date.now(), performance.now());
  }

  /** A moment known only by the wall clock of another process. */
  static at(wall: number): Moment {
    return new Moment(wall, performance.now() - (Date.now() - wall));
  }

  /** @param now - by `Date.now()` */
  age(now = Date.now()): number {
    return Math.max(now - this.wall, performance.now() - this.monotonic);
  }
}
