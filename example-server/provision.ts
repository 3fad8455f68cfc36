import { parseArgs } from 'node:util';
import { environmentOf } from './provision/environment.js';
import { ManagementApi } from './provision/management-api.js';
import { findPlace, writeSecretly } from './provision/output.js';
import { provision } from './provision/provision.js';

const usage = `Gives a Logto tenant what the example needs, and writes the environment of its programs.

  node example-server/dist/provision.js shop.env

Without a file it goes to stdout. It needs a machine-to-machine app that may use the Management API:

  LOGTO_ENDPOINT                    your Logto, such as https://your-tenant.logto.app
  LOGTO_APP_ID, LOGTO_APP_SECRET    of that app
  LOGTO_TENANT_ID                   with Logto Cloud the tenant's id, otherwise none`;

// What is for a person to read goes to stderr, and what holds secrets to the file or stdout alone.
try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) return console.error(usage);
  const [file, ...others] = positionals;
  if (others.length > 0) throw new Error(`One file is enough.\n\n${usage}`);

  const { LOGTO_ENDPOINT, LOGTO_APP_ID, LOGTO_APP_SECRET, LOGTO_TENANT_ID } = process.env;
  if (!LOGTO_ENDPOINT || !LOGTO_APP_ID || !LOGTO_APP_SECRET) {
    const missing = Object.entries({ LOGTO_ENDPOINT, LOGTO_APP_ID, LOGTO_APP_SECRET }).filter(
      ([, set]) => !set,
    );
    throw new Error(`${missing.map(([name]) => name).join(', ')} not set.\n\n${usage}`);
  }
  const place = file === undefined ? undefined : await findPlace(file);
  const api = await ManagementApi.open({
    endpoint: LOGTO_ENDPOINT,
    appId: LOGTO_APP_ID,
    appSecret: LOGTO_APP_SECRET,
    tenantId: LOGTO_TENANT_ID || undefined,
    tell: console.error,
  });
  const environment = environmentOf(api.endpoint, await provision(api, console.error));
  if (place === undefined) {
    console.log(environment);
  } else {
    await writeSecretly(place, `${environment}\n`);
    console.error(`wrote    ${file}`);
  }
}
