import { Child } from '../lab/child.js';
import type { Memory } from '../processes/memory.js';
import { megabytes, number } from '../report/format.js';
import type { Measure } from './measurement.js';

const MAX = 10_000;

/** Measures the memory of a full cache that continually receives new tokens. */
export const memory: Measure = async ({ quick }) => {
  const total = quick ? 20_000 : 200_000;
  const child = new Child<Memory>('memory', { execArgv: ['--expose-gc'] });
  await child.ask('start', { max: MAX });
  await child.ask('instances', { count: 20 });
  const perInstance = await child.ask('instances', { count: 200 });
  const start = await child.ask('send', { count: 1 });
  const points = [{ tokens: 1, ...start }];
  let sent = 1;
  for (const tokens of [MAX, ...Array.from({ length: total / 20_000 }, (_, i) => (i + 1) * 20_000)]) {
    points.push({ tokens, ...(await child.ask('send', { count: tokens - sent })) });
    sent = tokens;
  }
  await child.stop();
  const end = points.at(-1) ?? points[0];
  const full = points.find(({ tokens }) => tokens === MAX);
  const growth = (end?.heap ?? Number.NaN) - start.heap;
  const perToken = ((full?.heap ?? Number.NaN) - start.heap) / MAX;
  return {
    title: 'Memory',
    how:
      `${number(total)} different valid tokens through one instance with a cache of ${number(MAX)}; heap and array buffers ` +
      'after garbage collection. Each token is sent twice. The tokens are signed with ES256, because so many ES384 ' +
      'signatures take minutes. The cache keeps the same data for both. The issuer runs in the same process.',
    verdicts: [
      {
        claim: `${number(total)} tokens through a cache of ${number(MAX)}: the heap within 30 MB of the start`,
        seen: `${megabytes(growth)} more`,
        holds: growth <= 30e6,
      },
      {
        claim: 'Memory of an instance that has seen no token: at most 20 KB',
        seen: `${number(perInstance / 1000)} KB`,
        holds: perInstance <= 20_000,
      },
      { claim: 'Memory a cached token', seen: `${number(perToken)} bytes` },
    ],
    tables: [
      {
        columns: ['tokens so far', 'cached', 'heap'],
        rows: points.map(({ tokens, cached, heap }) => [number(tokens), number(cached), megabytes(heap)]),
      },
    ],
  };
};
