import type { Provisioned } from './provision.js';
import { wanted } from './wanted.js';

/** What the programs of the example read, as a file for `node --env-file` or for a shell. It holds secrets. */
export function environmentOf(endpoint: string, { apps, organizationId }: Provisioned): string {
  const statistics = apps['statistics-service'];
  const others = (['catalog-service', 'partner-service', 'stranger-service'] as const).flatMap((name) => {
    const prefix = name.replace('-service', '_APP').toUpperCase();
    return [line(`${prefix}_ID`, apps[name].id), line(`${prefix}_SECRET`, apps[name].secret)];
  });
  return [
    '# The example server',
    line('LOGTO_ENDPOINT', endpoint),
    line('LOGTO_AUDIENCE', wanted.api.indicator),
    '',
    '# The statistics service, along with LOGTO_ENDPOINT',
    line('SHOP_URL', 'http://127.0.0.1:3000'),
    line('LOGTO_APP_ID', statistics.id),
    line('LOGTO_APP_SECRET', statistics.secret),
    '',
    '# The other apps and the organization, for calls by hand',
    ...others,
    line('CORNER_SHOP_ID', organizationId),
  ].join('\n');
}

function line(name: string, value: string): string {
  return `${name}=${/^[\w:/.@-]+$/.test(value) ? value : `'${value}'`}`;
}
