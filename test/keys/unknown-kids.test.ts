import { describe, expect, it, vi } from 'vitest';
import { UnknownKids } from '../../src/keys/unknown-kids.js';
import { Refusal } from '../../src/refusal.js';

const crowdedOut = new Refusal('overloaded');
const late = new Refusal('keys_unavailable');
const unknown = new Refusal('unknown_key');
const refusals = { crowdedOut: () => crowdedOut, late: () => late };
const soon = () => performance.now() + 60_000;

/** Adds these key ids one after the other, then ends a refresh. @returns those that still waited */
async function crowd(max: number, kids: readonly string[]): Promise<string[]> {
  const room = new UnknownKids(max);
  const outcomes = kids.map((kid) => room.wait(kid, 0, soon(), refusals));
  expect(room.size).toBe(Math.min(max, kids.length));
  room.settle(0, () => unknown);
  expect(room.size).toBe(0);
  const settled = await Promise.all(outcomes);
  return kids.filter((_, index) => settled[index] === unknown);
}

/** This number of tokens of the new key, spread evenly among the others. */
function amidst(others: readonly string[], real: number): string[] {
  const every = Math.floor(others.length / real);
  return others.flatMap((kid, index) => (index % every === 0 ? ['real', kid] : [kid]));
}

/** The share of the tokens of the new key that stayed, over this number of crowds. */
async function share(kids: () => readonly string[], crowds = 400): Promise<number> {
  let came = 0;
  let stayed = 0;
  for (let i = 0; i < crowds; i++) {
    const all = kids();
    came += all.filter((kid) => kid === 'real').length;
    stayed += (await crowd(100, all)).filter((kid) => kid === 'real').length;
  }
  return stayed / came;
}

const made = (index: number) => `made-up-${index}`;

describe('a full waiting room', () => {
  it('always admits the newcomer and refuses one waiting token', async () => {
    const stayed = await crowd(3, ['a', 'b', 'c', 'd', 'e']);
    expect(stayed).toHaveLength(3);
    expect(stayed).toContain('e');
  });

  it('of size one keeps the latest token', async () => {
    expect(await crowd(1, ['a', 'a', 'b'])).toEqual(['b']);
  });

  it('refuses no token before it is full', async () => {
    const kids = Array.from({ length: 100 }, (_, index) => made(index % 60));
    expect(await crowd(100, kids)).toEqual(kids);
  });

  it('keeps the tokens of a real key among three times as many made-up key ids as it can hold', async () => {
    const kids = () =>
      amidst(
        Array.from({ length: 300 }, (_, index) => made(index)),
        20,
      );
    expect(await share(kids)).toBeGreaterThan(0.9);
  });

  it.each([
    ['all the same', () => 'made-up'],
    ['in pairs', (index: number) => made(Math.floor(index / 2))],
    ['ten in rotation', (index: number) => made(index % 10)],
  ])('keeps a share of the tokens of a real key among made-up key ids: %s', async (_how, kid) => {
    const kids = () =>
      amidst(
        Array.from({ length: 300 }, (_, index) => kid(index)),
        20,
      );
    // A random choice among all would keep 100 of 320.
    expect(await share(kids)).toBeGreaterThan(0.25);
  });

  it('can keep a single token of a real key at any position', async () => {
    for (const place of [0, 150, 299]) {
      const kids = () => Array.from({ length: 300 }, (_, index) => (index === place ? 'real' : made(index)));
      // Each of the 200 after the first 100 displaces one in a hundred: a share of 0.99^200 stays.
      expect(await share(kids, 1_000)).toBeGreaterThan(0.05);
    }
  });
});

describe('a token that waits', () => {
  it('is refused when its time is over', async () => {
    const room = new UnknownKids(10);
    expect(await room.wait('a', 0, performance.now() + 20, refusals)).toBe(late);
    expect(room.size).toBe(0);
  });

  it('does not affect the other waiting tokens when it leaves', async () => {
    const room = new UnknownKids(10);
    const first = room.wait('a', 0, performance.now() + 20, refusals);
    const others = ['a', 'b', 'c'].map((kid) => room.wait(kid, 0, soon(), refusals));
    expect(await first).toBe(late);
    expect(room.size).toBe(3);
    room.settle(0, (kid) => (kid === 'b' ? unknown : undefined));
    expect(await others[1]).toBe(unknown);
    expect(room.size).toBe(2);
    room.settle(0, () => late);
    expect(await Promise.all(others)).toEqual([late, unknown, late]);
    expect(room.size).toBe(0);
  });

  it('leaves only once, even if its time ends later', async () => {
    const room = new UnknownKids(10);
    const outcome = room.wait('a', 0, performance.now() + 20, refusals);
    const another = room.wait('b', 0, soon(), refusals);
    room.settle(0, (kid) => (kid === 'a' ? unknown : undefined));
    expect(await outcome).toBe(unknown);
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(room.size).toBe(1);
    room.settle(0, () => late);
    expect(await another).toBe(late);
  });

  it('counts as the only one of its key id again after the others have left', async () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0);
    const room = new UnknownKids(3);
    const brief = [1, 2].map(() => room.wait('a', 0, performance.now() + 10, refusals));
    await Promise.all(brief);
    const [a, b, c] = ['a', 'b', 'b'].map((kid) => room.wait(kid, 0, soon(), refusals));
    // Two of the three share a key id: one of these is refused, not the single one.
    random.mockReturnValueOnce(0).mockReturnValueOnce(0.5);
    const d = room.wait('d', 0, soon(), refusals);
    expect(await b).toBe(crowdedOut);
    // Now each of the three has a key id of its own.
    const e = room.wait('e', 0, soon(), refusals);
    expect(await a).toBe(crowdedOut);
    room.settle(0, () => unknown);
    expect(await Promise.all([c, d, e])).toEqual([unknown, unknown, unknown]);
    random.mockRestore();
  });

  it('stays if a refresh has no result for it, and leaves with the next one', async () => {
    const room = new UnknownKids(10);
    const outcomes = [0, 1, 0].map((begunBefore) => room.wait('a', begunBefore, soon(), refusals));
    room.settle(0, (_kid, begunBefore) => (begunBefore === 0 ? unknown : undefined));
    expect(room.size).toBe(1);
    room.settle(0, () => late);
    expect(await Promise.all(outcomes)).toEqual([unknown, late, unknown]);
  });
});

describe('an absent key id', () => {
  it('is remembered for a second from the start of the refresh, or until the next one', () => {
    const room = new UnknownKids(10);
    room.rememberAbsent('early');
    expect(room.isAbsent('early')).toBe(false);
    room.settle(performance.now(), () => undefined);
    room.rememberAbsent('a');
    expect([room.isAbsent('a'), room.isAbsent('b')]).toEqual([true, false]);
    room.settle(performance.now(), () => undefined);
    expect(room.isAbsent('a')).toBe(false);
    room.settle(performance.now() - 1_000, () => undefined);
    room.rememberAbsent('a');
    expect(room.isAbsent('a')).toBe(false);
  });

  it('is not remembered beyond the number of tokens that may wait', () => {
    const room = new UnknownKids(2);
    room.settle(performance.now(), () => undefined);
    for (const kid of ['a', 'b', 'c']) room.rememberAbsent(kid);
    expect(['a', 'b', 'c'].map((kid) => room.isAbsent(kid))).toEqual([true, true, false]);
  });
});
