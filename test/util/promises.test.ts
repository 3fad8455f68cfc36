import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  abandon,
  keepingProcessAlive,
  settledBy,
  settledWithin,
  unlessAborted,
  unreferenced,
} from '../../src/util/promises.js';

const never = () => new Promise<never>(() => {});
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('unlessAborted', () => {
  it('settles as the promise does, and leaves no listener on the signal', async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(Promise.resolve(1), signal)).toBe(1);
    await expect(unlessAborted(Promise.reject(new Error('x')), signal)).rejects.toThrow('x');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('rejects with the reason of the signal, and leaves no listener', async () => {
    const controller = new AbortController();
    const outcome = unlessAborted(never(), controller.signal);
    controller.abort(new Error('enough'));
    await expect(outcome).rejects.toThrow('enough');
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    await expect(unlessAborted(never(), controller.signal)).rejects.toThrow('enough');
  });
});

describe('settledWithin', () => {
  it('returns the value of the promise, and leaves no timer', async () => {
    const before = timers();
    expect(await settledWithin(Promise.resolve(1), 60_000, 'late')).toBe(1);
    expect(timers()).toBe(before);
  });

  it('returns the other value after the time', async () => {
    expect(await settledWithin(never(), 5, 'late')).toBe('late');
    expect(await settledWithin(never(), -1, 'late')).toBe('late');
  });
});

describe('settledBy', () => {
  it('ends at the deadline, or when the promise settles', async () => {
    await settledBy(never(), performance.now() + 5);
    const before = performance.now();
    await settledBy(Promise.resolve(), before + 60_000);
    expect(performance.now() - before).toBeLessThan(10_000);
  });
});

describe('keepingProcessAlive', () => {
  it('holds a timer that keeps the process alive until the promise settles', async () => {
    const before = timers();
    let settle = (_value: number) => {};
    const held = keepingProcessAlive(
      new Promise<number>((resolve) => {
        settle = resolve;
      }),
    );
    expect(timers()).toBe(before + 1);
    settle(1);
    expect(await held).toBe(1);
    expect(timers()).toBe(before);
    await expect(keepingProcessAlive(Promise.reject(new Error('x')))).rejects.toThrow('x');
    expect(timers()).toBe(before);
  });
});

describe('unreferenced', () => {
  it('returns the timer, which no longer keeps the process alive', () => {
    const before = timers();
    const timer = unreferenced(setTimeout(() => {}, 60_000));
    expect(timer.hasRef()).toBe(false);
    expect(timers()).toBe(before);
    clearTimeout(timer);
  });

  it('accepts the number that jsdom returns', () => {
    expect(unreferenced(5 as unknown as NodeJS.Timeout)).toBe(5);
  });
});

describe('abandon', () => {
  it('reports whether the value is a promise, and ignores its rejection', async () => {
    expect(abandon(5)).toBe(false);
    expect(abandon(undefined)).toBe(false);
    expect(abandon(Promise.reject(new Error('x')))).toBe(true);
    await new Promise(setImmediate);
  });
});
