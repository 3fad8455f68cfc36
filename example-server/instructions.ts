import type { Application, Directory } from './local-issuer/directory.js';

const shoppingApi = 'https://shopping.api';

/** What to print where the local issuer stands in for Logto: all that is needed to try the API. */
export function localInstructions(api: string, issuer: string, directory: Directory): string {
  const reader = applicationNamed(directory, 'statistics-service');
  const partner = applicationNamed(directory, 'partner-service');
  const [organization = ''] = Object.keys(partner.organizations);
  const today = new Date().toISOString().slice(0, 10);

  const readersToken = askForToken(issuer, `${reader.id}:${reader.secret}`, {
    resource: shoppingApi,
    scope: 'read:products read:orders',
  });
  const partnersToken = askForToken(issuer, `${partner.id}:${partner.secret}`, {
    resource: shoppingApi,
    organization_id: organization,
    scope: 'read:products',
  });
  const partnersProducts = `${api}/organizations/${organization}/products`;

  return `
The shop's API:        ${api}
A stand-in for Logto:  ${issuer}
For Prometheus:        ${api}/metrics

Its machine-to-machine apps:

${directory.applications.map((application) => describe(application, directory)).join('\n')}
Paste these commands into another terminal, in this order.

${example('statistics-service gets a token:', `TOKEN=${readersToken}`)}
${example('It may read the products (200):', request('TOKEN', `${api}/products`))}
${example("It may read the day's orders (200):", request('TOKEN', `${api}/orders/daily?date=${today}`))}
${example('It may not delete any (403):', request('TOKEN', `${api}/products/p1001`, 'DELETE'))}
${example('partner-service gets a token that holds inside its organization:', `PARTNER_TOKEN=${partnersToken}`)}
${example('There it may read the products (200):', request('PARTNER_TOKEN', partnersProducts))}
${example('Elsewhere it may not (403):', request('PARTNER_TOKEN', `${api}/products`))}
Ctrl-C stops both servers.
`;
}

/** What to print where LOGTO_ENDPOINT names a Logto: it alone knows the apps and their secrets. */
export function logtoInstructions(api: string, issuer: string, audience: string): string {
  const token = askForToken(issuer, '$APP_ID:$APP_SECRET', { resource: audience, scope: 'read:products' });

  return `
The shop's API:  ${api}
Logto:           ${issuer}
API identifier:  ${audience}   (by LOGTO_ENDPOINT; without it a stand-in for Logto starts)
For Prometheus:  ${api}/metrics

For an app whose machine-to-machine role gives it read:products:

${example('Put its id and secret here:', "APP_ID='…' APP_SECRET='…'")}
${example('It gets a token:', `TOKEN=${token}`)}
${example('It may read the products (200):', request('TOKEN', `${api}/products`))}
Ctrl-C stops the server.
`;
}

function applicationNamed(directory: Directory, name: string): Application {
  const application = directory.applications.find((candidate) => candidate.name === name);
  if (!application) throw new Error(`The directory has no app named ${name}.`);
  return application;
}

function describe({ name, id, secret, grants, organizations }: Application, directory: Directory): string {
  const may = [
    ...atApis(grants),
    ...Object.entries(organizations).flatMap(([organization, roles]) => {
      const owner = directory.organizations.find((candidate) => candidate.id === organization)?.name;
      const inside = `inside the organization ${organization} (${owner})`;
      return [...atApis(roles.grants), roles.permissions.join(' ')].map(
        (permissions) => `${permissions}, ${inside}`,
      );
    }),
  ];
  return `  ${name}
    id      ${id}
    secret  ${secret}
    may     ${may.join('\n            ') || 'do nothing'}
`;
}

function atApis(grants: Record<string, string[]>): string[] {
  return Object.entries(grants).map(([api, permissions]) => `${permissions.join(' ')} at ${api}`);
}

function example(shows: string, command: string): string {
  return `  ${shows}\n\n${command.replace(/^/gm, '    ')}\n`;
}

/** A command that yields a token (RFC 6749 section 4.4). It needs nothing but curl and sed. */
function askForToken(issuer: string, credentials: string, parameters: Record<string, string>): string {
  const data = Object.entries({ grant_type: 'client_credentials', ...parameters });
  return [
    `$(curl -sS '${issuer}/token' -u "${credentials}"`,
    ...data.map(([name, value]) => `  --data-urlencode '${name}=${value}'`),
    `  | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
  ].join(' \\\n');
}

function request(variable: string, url: string, method?: string): string {
  return `curl -i${method ? ` -X ${method}` : ''} -H "Authorization: Bearer $${variable}" '${url}'; echo`;
}
