import { describe, expect, it, vi } from 'vitest';
import { UnknownKids } from '../../src/keys/unknown-kids.js';
import { Refusal } from '../../src/refusal.js';

const crowdedOut = new Refusal('overloaded');
const late = new Refusal('keys_unavailable');
const unknown = new Refusal('unknown_key');
const refusals = { crowdedOut: () => crowdedOut, late: () => late };
const soon = () => performance.now() + 60_000;

/** Adds these key ids one after the other, then ends a refresh. Returns those that were still waiting. */
async function crowd(max: number, kids: readonly string[]): Promise<string[]> {
  const waiting = new UnknownKids(max);
  const outcomes = kids.map((kid) => waiting.wait(kid, 0, soon(), refusals));
  expect(waiting.size).toBe(Math.min(max, kids.length));
  waiting.settle(0, () => unknown);
  expect(waiting.size).toBe(0);
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
  let sent = 0;
  let stayed = 0;
  for (let i = 0; i < crowds; i++) {
    const all = kids();
    sent += all.filter((kid) => kid === 'real').length;
    stayed += (await crowd(100, all)).filter((kid) => kid === 'real').length;
  }
  return stayed / sent;
}

const made = (index: number) => `made-up-${index}`;

describe('at the limit of waiting tokens', () => {
  it('a new token is always admitted, and one waiting token is refused', async () => {
    const stayed = await crowd(3, ['a', 'b', 'c', 'd', 'e']);
    expect(stayed).toHaveLength(3);
    expect(stayed).toContain('e');
  });

  it('the latest token stays if the limit is one', async () => {
    expect(await crowd(1, ['a', 'a', 'b'])).toEqual(['b']);
  });

  it('no token is refused before the limit is reached', async () => {
    const kids = Array.from({ length: 100 }, (_, index) => made(index % 60));
    expect(await crowd(100, kids)).toEqual(kids);
  });

  it('the tokens of a real key stay among three times as many made-up key ids as may wait', async () => {
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
  ])('a share of the tokens of a real key stays among made-up key ids: %s', async (_how, kid) => {
    const kids = () =>
      amidst(
        Array.from({ length: 300 }, (_, index) => kid(index)),
        20,
      );
    // A random choice among all would keep 100 of 320.
    expect(await share(kids)).toBeGreaterThan(0.25);
  });

  it('a single token of a real key can stay at any position', async () => {
    for (const place of [0, 150, 299]) {
      const kids = () => Array.from({ length: 300 }, (_, index) => (index === place ? 'real' : made(index)));
      // Each of the 200 after the first 100 displaces one in a hundred: a share of 0.99^200 stays.
      expect(await share(kids, 1_000)).toBeGreaterThan(0.05);
    }
  });
});

describe('a token that waits', () => {
  it('is refused at its deadline', async () => {
    const waiting = new UnknownKids(10);
    expect(await waiting.wait('a', 0, performance.now() + 20, refusals)).toBe(late);
    expect(waiting.size).toBe(0);
  });

  it('does not affect the other waiting tokens when it is settled', async () => {
    const waiting = new UnknownKids(10);
    const first = waiting.wait('a', 0, performance.now() + 20, refusals);
    const others = ['a', 'b', 'c'].map((kid) => waiting.wait(kid, 0, soon(), refusals));
    expect(await first).toBe(late);
    expect(waiting.size).toBe(3);
    waiting.settle(0, (kid) => (kid === 'b' ? unknown : undefined));
    expect(await others[1]).toBe(unknown);
    expect(waiting.size).toBe(2);
    waiting.settle(0, () => late);
    expect(await Promise.all(others)).toEqual([late, unknown, late]);
    expect(waiting.size).toBe(0);
  });

  it('is settled only once, even if its deadline comes later', async () => {
    const waiting = new UnknownKids(10);
    const outcome = waiting.wait('a', 0, performance.now() + 20, refusals);
    const another = waiting.wait('b', 0, soon(), refusals);
    waiting.settle(0, (kid) => (kid === 'a' ? unknown : undefined));
    expect(await outcome).toBe(unknown);
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(waiting.size).toBe(1);
    waiting.settle(0, () => late);
    expect(await another).toBe(late);
  });

  it('counts as the only one of its key id again after the others were settled', async () => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0);
    const waiting = new UnknownKids(3);
    const brief = [1, 2].map(() => waiting.wait('a', 0, performance.now() + 10, refusals));
    await Promise.all(brief);
    const [a, b, c] = ['a', 'b', 'b'].map((kid) => waiting.wait(kid, 0, soon(), refusals));
    // Two of the three share a key id: one of these is refused, not the single one.
    random.mockReturnValueOnce(0).mockReturnValueOnce(0.5);
    const d = waiting.wait('d', 0, soon(), refusals);
    expect(await b).toBe(crowdedOut);
    // Now each of the three has a key id of its own.
    const e = waiting.wait('e', 0, soon(), refusals);
    expect(await a).toBe(crowdedOut);
    waiting.settle(0, () => unknown);
    expect(await Promise.all([c, d, e])).toEqual([unknown, unknown, unknown]);
    random.mockRestore();
  });

  it('stays if a refresh has no result for it, and is settled by the next one', async () => {
    const waiting = new UnknownKids(10);
    const outcomes = [0, 1, 0].map((begunBefore) => waiting.wait('a', begunBefore, soon(), refusals));
    waiting.settle(0, (_kid, begunBefore) => (begunBefore === 0 ? unknown : undefined));
    expect(waiting.size).toBe(1);
    waiting.settle(0, () => late);
    expect(await Promise.all(outcomes)).toEqual([unknown, late, unknown]);
  });
});

describe('an absent key id', () => {
  it('is remembered for a second from the start of the refresh, or until the next one', () => {
    const waiting = new UnknownKids(10);
    waiting.rememberAbsent('early');
    expect(waiting.isAbsent('early')).toBe(false);
    waiting.settle(performance.now(), () => undefined);
    waiting.rememberAbsent('a');
    expect([waiting.isAbsent('a'), waiting.isAbsent('b')]).toEqual([true, false]);
    waiting.settle(performance.now(), () => undefined);
    expect(waiting.isAbsent('a')).toBe(false);
    waiting.settle(performance.now() - 1_000, () => undefined);
    waiting.rememberAbsent('a');
    expect(waiting.isAbsent('a')).toBe(false);
  });

  it('is not remembered beyond the number of tokens that may wait', () => {
    const waiting = new UnknownKids(2);
    waiting.settle(performance.now(), () => undefined);
    for (const kid of ['a', 'b', 'c']) waiting.rememberAbsent(kid);
    expect(['a', 'b', 'c'].map((kid) => waiting.isAbsent(kid))).toEqual([true, true, false]);
  });
});
