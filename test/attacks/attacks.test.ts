import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Attack } from './attack.js';
import { corpus } from './corpus/index.js';
import { Lab } from './lab.js';
import { checkHint, checkRefusal } from './refusal.js';

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.start();
});
afterAll(() => lab.stop());

describe.each(Object.entries(corpus))('%s', (_theme, attacks) => {
  it.each(attacks.map((attack) => [attack.name, outcome(attack), attack] as const))(
    '%s: %s',
    async (_name, _outcome, attack) => {
      const { token, target, answer } = await lab.send(attack);
      const { expected } = attack;
      expect(answer.status).toBe(expected.status);
      expect(lab.denied.map(({ reason }) => reason)).toEqual(
        expected.by === 'guard' ? [expected.reason] : [],
      );
      expect(lab.handled > 0).toBe(expected.by === 'handler');
      if (expected.by === 'guard') {
        const hasBody = !target.startsWith('HEAD ');
        const { code, scope } = checkRefusal(answer, token, { hasBody });
        expect(code).toBe(expected.error);
        // A caller with an invalid token does not get the names of the permissions.
        expect(scope).toBe(code === 'unauthorized' || answer.status === 403 ? neededFor(target) : undefined);
        for (const error of lab.denied) checkHint(error, token);
      }
      expect(lab.attacker.calls).toBe(0);
      expect([...lab.fetched].filter((address) => !lab.trusted.includes(address))).toEqual([]);
    },
  );
});

describe('after all attacks', () => {
  it('a valid token is still accepted', async () => {
    const { answer } = await lab.send({});
    expect(answer.status).toBe(200);
    expect(lab.handled).toBeGreaterThan(0);
  });

  it("no request went to the attacker's server, and nothing but keys was fetched", () => {
    expect(lab.attacker.calls).toBe(0);
    expect([...lab.fetched].sort()).toEqual(lab.trusted.toSorted());
  });

  it('Object.prototype has no new members', () => {
    expect(Object.keys(Object.prototype)).toEqual([]);
    for (const name of ['admin', 'isMachine', 'auth', 'alg']) expect(name in {}).toBe(false);
  });
});

describe('the corpus', () => {
  const all = Object.values(corpus).flat();

  it('has at least 150 cases with unique names', () => {
    expect(all.length).toBeGreaterThanOrEqual(150);
    const names = all.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('has valid edge cases, whose names begin with honest:', () => {
    const honest = all.filter(({ expected }) => expected.by === 'handler');
    expect(honest.length).toBeGreaterThan(20);
    expect(all.filter(({ name }) => name.startsWith('honest: '))).toEqual(honest);
  });

  it('expects no server error', () => {
    expect(all.filter(({ expected }) => expected.status >= 500)).toEqual([]);
  });
});

/** The permission that a route of the example's API requires. */
function neededFor(target: string): string {
  const [method = '', address = ''] = target.split(' ');
  const path = address.replace(/^http:\/\/[^/]*/, '').toLowerCase();
  if (path.startsWith('/orders')) return 'read:orders';
  if (/^\/organizations\/[^/]+\/reports/.test(path)) return 'read:reports';
  const verbs: Record<string, string> = { POST: 'write', PUT: 'write', DELETE: 'delete' };
  return `${verbs[method] ?? 'read'}:products`;
}

function outcome({ expected }: Attack): string {
  if (expected.by === 'guard') return `${expected.status} ${expected.reason}`;
  return expected.by === 'handler' ? '200' : `${expected.status} by ${expected.by}`;
}
