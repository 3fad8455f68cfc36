import { CONTESTANTS, type Contestant, PEERS } from '../contestants/index.js';
import { withApis } from '../lab/apis.js';
import { Issuer } from '../lab/issuer.js';
import type { Measure } from './measurement.js';

const ALL: Contestant[] = ['open', 'limit', 'ours', 'sample', ...PEERS];

/** Checks before all measurements that all guards apply the same rules. A guard with fewer checks has less work. */
export const sameRules: Measure = async () => {
  const issuer = await Issuer.start('ES384');
  const other = await Issuer.start('ES384');
  const good = await issuer.token();
  const now = Math.floor(Date.now() / 1000);
  const requests: Record<string, string | undefined> = {
    'a valid token': good,
    'no token': undefined,
    expired: await issuer.token({ exp: now - 60 }),
    'for another API': await issuer.token({ aud: 'https://other.api' }),
    'without the scope': await issuer.token({ scope: 'read:orders' }),
    'of another issuer': await other.token(),
    "by another issuer's key": await other.token({ iss: issuer.setting.issuer }),
    altered: `${good.slice(0, -8)}AAAAAAAA`,
  };
  const rows = await withApis(ALL, issuer.setting, async (apis) => {
    const answers: string[][] = [];
    for (const name of ALL) {
      const statuses = Object.entries(requests).map(async ([what, token]) => {
        const headers: Record<string, string> =
          token === undefined ? {} : { authorization: `Bearer ${token}` };
        const { status } = await fetch(`http://127.0.0.1:${apis[name].port}/products`, { headers });
        const mayPass = name === 'open' || what === 'a valid token';
        if ((status === 200) !== mayPass) throw new Error(`${name} answered ${status} to a token ${what}.`);
        return String(status);
      });
      answers.push([CONTESTANTS[name], ...(await Promise.all(statuses))]);
    }
    return answers;
  });
  issuer.stop();
  other.stop();
  return {
    title: 'All check the same',
    how:
      'Each peer is set up as its own README says, to check signature, issuer, audience, expiry and one scope; but ' +
      'aws-jwt-verify is given the keys, since it fetches them only by https, and the keys of get-jwks are kept as PEM for ' +
      'fast-jwt. The table has the status of each response. The bench stops if one accepts a request that it must refuse.',
    verdicts: [],
    tables: [{ columns: ['', ...Object.keys(requests)], rows }],
  };
};
