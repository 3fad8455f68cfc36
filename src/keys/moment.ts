/**
 * A moment in the past, by two clocks: the wall clock, which may be set, and `performance.now()`, which stands still
 * while the machine sleeps. Its age is the greater of what the two clocks say, so that neither a clock that is set back
 * nor a sleep makes it younger than it is. All in milliseconds.
 */
export class Moment {
  private constructor(
    /** By the wall clock, since the epoch. */
    readonly wall: number,
    private readonly monotonic: number,
  ) {}

  /** This moment. */
  static now(): Moment {
    return new Moment(Date.now(), performance.now());
  }

  /** A moment that is known by the wall clock of another process alone. */
  static at(wall: number): Moment {
    return new Moment(wall, performance.now() - (Date.now() - wall));
  }

  /** @param now - by `Date.now()` */
  age(now = Date.now()): number {
    return Math.max(now - this.wall, performance.now() - this.monotonic);
  }
}
