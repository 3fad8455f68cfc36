import { CONTESTANTS, type Contestant, PEERS } from '../contestants/index.js';
import { withApis } from '../lab/apis.js';
import { Child } from '../lab/child.js';
import { Issuer } from '../lab/issuer.js';
import { interleave, ratios, summarize } from '../lab/statistics.js';
import type { Load } from '../processes/load.js';
import { ratio, withRange } from '../report/format.js';
import type { Measure } from './measurement.js';

const NAMES: Contestant[] = ['sample', 'ours', ...PEERS.filter((name) => name !== 'sample')];
const TOKENS = 20_000;
const ROUNDS = 50;

/** Where no cache helps: each request brings a token never seen before. */
export const newTokens: Measure = async ({ quick }) => {
  const rounds = quick ? 2 : ROUNDS;
  const size = TOKENS / ROUNDS;
  const issuer = await Issuer.start('ES384');
  const batches: string[][] = [];
  for (let i = 0; i < rounds + 1; i += 1) batches.push(await issuer.tokens(size));
  const perProcessorSecond = Object.fromEntries(NAMES.map((name) => [name, [] as number[]]));
  const load = new Child<Load>('load');
  const perSecond = await withApis(NAMES, issuer.setting, async (apis) => {
    const send = (name: Contestant, tokens: readonly string[]) =>
      load.ask('each', { port: apis[name].port, tokens, connections: 20 });
    for (const name of NAMES) await send(name, batches[rounds] as string[]);
    return interleave(NAMES, rounds, async (name, round) => {
      const before = await apis[name].processorTime();
      const rate = await send(name, batches[round] as string[]);
      perProcessorSecond[name]?.push(size / ((await apis[name].processorTime()) - before));
      return rate;
    });
  });
  await load.stop();
  issuer.stop();

  const byClock = (name: Contestant, over: Contestant) => summarize(ratios(perSecond[name], perSecond[over]));
  const byProcessor = (name: Contestant, over: Contestant) =>
    summarize(ratios(perProcessorSecond[name] ?? [], perProcessorSecond[over] ?? []));
  const peers = PEERS.filter((name) => name !== 'sample');
  const ahead = (compare: typeof byClock) =>
    peers
      .map((name) => ({ name, lead: compare(name, 'ours') }))
      .toSorted((a, b) => b.lead.median - a.lead.median)[0] as {
      name: Contestant;
      lead: ReturnType<typeof summarize>;
    };
  const [clockLead, processorLead] = [ahead(byClock), ahead(byProcessor)];
  return {
    title: 'Every request a new token',
    how:
      `${TOKENS} different tokens, ES384, in rounds of ${size}, 20 connections; every contestant gets the same tokens. ` +
      '"By the clock" is requests per second, "by processor time" is requests per second of processor time that all ' +
      'threads of the API took. Ratios are of readings of one round. Libraries that check signatures on the main thread ' +
      '(aws-jwt-verify, express-jwt, fast-jwt) hold up every other request while they do; the others use the thread pool, ' +
      'so that two processors work for one API.',
    bounds:
      'A check on the main thread, as aws-jwt-verify makes it, saves the way to the thread pool and back, and so takes less ' +
      'processor time; by the clock it is far behind. Checking through jose, which takes each token apart again, was tried, ' +
      'and cost more than every other step together.',
    verdicts: [
      {
        claim: "New tokens: at least 0.95 of the sample's rate by the clock",
        seen: withRange(byClock('ours', 'sample'), ratio),
        holds: byClock('ours', 'sample').median >= 0.95,
      },
      {
        claim: '… and by processor time',
        seen: withRange(byProcessor('ours', 'sample'), ratio),
        holds: byProcessor('ours', 'sample').median >= 0.95,
      },
      {
        claim: '… and no peer ahead by more than 5 % by the clock',
        seen: `the fastest, ${clockLead.name}: ${withRange(clockLead.lead, ratio)} of ours`,
        holds: clockLead.lead.median <= 1.05,
      },
      {
        claim: '… nor by processor time',
        seen: `the fastest, ${processorLead.name}: ${withRange(processorLead.lead, ratio)} of ours`,
        holds: processorLead.lead.median <= 1.05,
      },
    ],
    tables: [
      {
        columns: ['', 'requests/s', "of the sample's", 'requests per processor second', "of the sample's"],
        rows: NAMES.map((name) => [
          CONTESTANTS[name],
          withRange(summarize(perSecond[name])),
          withRange(byClock(name, 'sample'), ratio),
          withRange(summarize(perProcessorSecond[name] ?? [])),
          withRange(byProcessor(name, 'sample'), ratio),
        ]),
      },
    ],
  };
};
