import type { Provisioned } from './provision.js';
import { ProvisionError } from './provision-error.js';
import { wanted } from './wanted.js';

/**
 * What the programs of the example read, as a file for `node --env-file`, and for a shell just as well. It holds
 * secrets.
 *
 * @throws {ProvisionError} where a value cannot be written so that both read it as it is
 */
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
    line('SHOP_URL', 'http://127.0.0.1:3200'),
    line('LOGTO_APP_ID', statistics.id),
    line('LOGTO_APP_SECRET', statistics.secret),
    '',
    '# The other apps and the organization, for calls by hand',
    ...others,
    line('CORNER_SHOP_ID', organizationId),
  ].join('\n');
}

function line(name: string, value: string): string {
  return `${name}=${quoted(name, value)}`;
}

/** Neither reader has an escape for a quote that the other has too. */
function quoted(name: string, value: string): string {
  if (/^[\w:/.@-]+$/.test(value)) return value;
  if (/^[^'\p{Cc}]*$/u.test(value)) return `'${value}'`;
  // Between these a shell sees more than the value, and Node takes \n for a line break.
  if (/^[^"\\$`\p{Cc}]*$/u.test(value)) return `"${value}"`;
  throw new ProvisionError(
    `${name} has characters that no environment file can hold: an apostrophe along with one of " \\ $ \`, or a control character. For the secret of an app, make another in the Logto Console, and delete this one.`,
  );
}
