import { CONTESTANTS, type Contestant, PEERS } from '../contestants/index.js';
import { Child } from '../lab/child.js';
import { Issuer } from '../lab/issuer.js';
import type { InProcess } from '../processes/in-process.js';
import { number } from '../report/format.js';
import type { Measure } from './measurement.js';

const NAMES: Contestant[] = ['ours', 'sample', ...PEERS];
const CALLS = 1_000;

/** Measures many simultaneous requests with the same new token, to an API that has just started and has no keys. */
export const burst: Measure = async () => {
  const seen: { name: Contestant; checks: number; fetches: number; statuses: number[] }[] = [];
  for (const contestant of NAMES) {
    const issuer = await Issuer.start('ES384');
    const child = new Child<InProcess>('in-process');
    await child.ask('setUp', { contestant, setting: issuer.setting });
    const token = await issuer.token();
    const { statuses, signatureChecks } = await child.ask('burst', { token, calls: CALLS });
    seen.push({ name: contestant, checks: signatureChecks, fetches: issuer.keyRequests, statuses });
    await child.stop();
    issuer.stop();
  }
  const ours = seen.find(({ name }) => name === 'ours');
  const checksOf = (name: Contestant) => seen.find((one) => one.name === name)?.checks ?? Number.NaN;
  const best = PEERS.toSorted((a, b) => checksOf(a) - checksOf(b))[0] as Contestant;
  return {
    title: '1 000 requests at once with one new token',
    rows: [
      {
        what: 'Signature checks for 1 000 requests at once with one new token (fewer is better)',
        ours: number(checksOf('ours')),
        best:
          checksOf(best) === checksOf('sample')
            ? `${number(checksOf(best))}, all`
            : `${number(checksOf(best))}, ${best}`,
        sample: number(checksOf('sample')),
      },
    ],
    how:
      'No HTTP, so that all requests start at once. Signature checks are counted in Node itself (`crypto.verify`, ' +
      '`crypto.createVerify`, `crypto.subtle.verify`), key fetches at the key server. aws-jwt-verify is given the keys and fetches none.',
    verdicts: [
      {
        claim:
          '1 000 requests at once with one new token: one signature check, at most one key fetch, all let through',
        seen: `${ours?.checks} checks, ${ours?.fetches} fetches, statuses ${ours?.statuses.join(' and ')}`,
        holds: ours?.checks === 1 && ours.fetches <= 1 && ours.statuses.join() === '200',
      },
    ],
    tables: [
      {
        columns: ['', 'signature checks', 'key fetches', 'statuses'],
        rows: seen.map(({ name, checks, fetches, statuses }) => [
          CONTESTANTS[name],
          String(checks),
          String(fetches),
          statuses.toSorted().join(' and '),
        ]),
      },
    ],
  };
};
