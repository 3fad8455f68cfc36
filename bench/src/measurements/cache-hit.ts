import { Child } from '../lab/child.js';
import { Issuer } from '../lab/issuer.js';
import { interleave, ratios, summarize } from '../lab/statistics.js';
import type { InProcess } from '../processes/in-process.js';
import { ratio, withRange } from '../report/format.js';
import type { Measure } from './measurement.js';

/** What the guard itself takes where the token is known. */
export const cacheHit: Measure = async ({ quick }) => {
  const issuer = await Issuer.start('ES384');
  const { setting } = issuer;
  const token = await issuer.token();
  const ours = new Child<InProcess>('in-process');
  const fastJwt = new Child<InProcess>('in-process');
  await ours.ask('setUp', { contestant: 'ours', setting });
  await ours.ask('burst', { token, calls: 1 });
  await fastJwt.ask('setUpFastJwt', { setting });
  const calls = 500;
  const read = (name: 'ours' | 'fastJwt') =>
    name === 'ours'
      ? ours.ask('hit', { tokens: [token], calls })
      : fastJwt.ask('hitFastJwt', { token, calls });
  await interleave(['ours', 'fastJwt'], 60, read);
  const readings = await interleave(['ours', 'fastJwt'], quick ? 20 : 800, read);
  await Promise.all([ours.stop(), fastJwt.stop()]);
  issuer.stop();
  const guard = summarize(readings.ours);
  const times = summarize(ratios(readings.fastJwt, readings.ours));
  return {
    title: 'The guard alone, on a cache hit',
    how:
      'No HTTP: the guard is called with requests that are objects as Node and Express make them, each with a token text ' +
      "of its own, and calls `next`. fast-jwt's verifier, its cache on, gets the same texts and its key in memory, and has " +
      `no header to read, no scope to check and no request to mark. ${calls} calls a reading, readings in turn.`,
    bounds:
      "Half of it is the digest. The next largest part, before Node 24, is the field `req.auth` on Express's request; " +
      "fast-jwt's verifier marks no request.",
    verdicts: [
      {
        claim: 'The guard on a cache hit, without HTTP: at most 3 µs (median)',
        seen: `${withRange(guard)} µs`,
        holds: guard.median <= 3,
      },
      {
        claim: "… at least twice as fast as fast-jwt's cached verifier alone",
        seen: `${withRange(times, ratio)} times`,
        holds: times.median >= 2,
      },
    ],
    tables: [
      {
        columns: ['', 'µs a call'],
        rows: [
          ['express-logto-m2m, the whole guard', withRange(guard)],
          ['fast-jwt, its cached verifier alone', withRange(summarize(readings.fastJwt))],
        ],
      },
    ],
  };
};
