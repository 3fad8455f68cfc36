import { describe, expect, it, vi } from 'vitest';
import { readingToken } from '../support/logto.js';
import { get } from '../support/request.js';
import { appWith, logto, odd } from './probe.js';

describe('a request', () => {
  const thrown: [what: string, value: unknown][] = [
    ['an Error', new RangeError('mine')],
    ...odd,
    ["'route'", 'route'],
  ];

  it.each(thrown)(
    'fails with an Error if isRevoked or getToken throws or rejects with %s',
    async (_what, value) => {
      const throwing = () => {
        throw value;
      };
      const rejecting = async () => {
        throw value;
      };
      for (const options of [{ isRevoked: throwing }, { isRevoked: rejecting }, { getToken: throwing }]) {
        const { app, ran, failure } = appWith(options);
        expect((await get(app, '/', await readingToken(logto))).status).toBe(500);
        expect(ran()).toBe(false);
        expect(failure()).toBeInstanceOf(Error);
        if (value instanceof Error) expect(failure()).toBe(value);
        else expect(failure()).toMatchObject({ status: 500, cause: value });
      }
    },
  );

  it.each(thrown)('fails with an Error if the organization function throws %s', async (_what, value) => {
    const { app, ran, failure } = appWith({
      organization: () => {
        throw value;
      },
    });
    expect((await get(app, '/', await readingToken(logto))).status).toBe(500);
    expect(ran()).toBe(false);
    expect(failure()).toBeInstanceOf(Error);
  });
});

describe('a hostile value', () => {
  const trap = (thrown: unknown) =>
    new Proxy(
      {},
      {
        getPrototypeOf() {
          throw thrown;
        },
      },
    );

  it.each([undefined, 'route'])(
    'does not let the request through if it is thrown and reading its prototype throws %j',
    async (inner) => {
      const throwing = () => {
        throw trap(inner);
      };
      const rejecting = () => Promise.reject(trap(inner));
      for (const options of [{ isRevoked: throwing }, { isRevoked: rejecting }, { getToken: throwing }]) {
        const { app, ran, failure } = appWith(options);
        expect((await get(app, '/', await readingToken(logto))).status).toBe(500);
        expect(ran()).toBe(false);
        expect(failure()).toBeInstanceOf(Error);
      }
    },
  );

  it('is wrapped if it is a thrown Error whose members cannot be read', async () => {
    const trapped = new Proxy(new Error('x'), {
      get() {
        throw undefined;
      },
    });
    const { app, ran, failure } = appWith({ isRevoked: () => Promise.reject(trapped) });
    expect((await get(app, '/', await readingToken(logto))).status).toBe(500);
    expect(ran()).toBe(false);
    expect((failure() as Error).message).toMatch(/not an Error/);
  });

  it('in globalThis.Promise does not keep guards from awaiting native promises', async () => {
    const { app, ran } = appWith({});
    const token = await readingToken(logto);
    const forged = `${token.slice(0, -8)}AAAAAAAA`;
    const Intrinsic = globalThis.Promise;
    globalThis.Promise = class extends Intrinsic<unknown> {} as PromiseConstructor;
    try {
      expect((await get(app, '/', forged)).status).toBe(401);
      expect(ran()).toBe(false);
      expect((await get(app, '/', token)).status).toBe(200);
    } finally {
      globalThis.Promise = Intrinsic;
    }
  });

  it('does not end the process if it is a rejected promise of getToken', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const getToken = (() => Promise.reject(new Error('down'))) as unknown as () => string;
    const { app, ran } = appWith({ getToken });
    expect((await get(app, '/', await readingToken(logto))).status).toBe(500);
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('unhandledRejection', unhandled);
    expect(ran()).toBe(false);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it.each([1n, {}, [], null, 5, Symbol('x')])(
    'results in 403 if the organization function returns it: %s',
    async (id) => {
      const { app } = appWith({ organization: () => id as string });
      expect((await get(app, '/', await readingToken(logto, { organizationId: '1' }))).status).toBe(403);
    },
  );
});
