import { apps, shoppingApi } from './local-logto.js';

const [reader, , , partner] = apps;

/** Returns the text to print while the local Logto runs: the apps, and commands to try the API. */
export function localInstructions(api: string, issuer: string): string {
  const [organization = ''] = Object.keys(partner.organizations);
  const today = new Date().toISOString().slice(0, 10);
  const readersToken = tokenCommand(issuer, `${reader.appId}:${reader.appSecret}`, {
    resource: shoppingApi,
    scope: 'read:products read:orders',
  });
  const partnersToken = tokenCommand(issuer, `${partner.appId}:${partner.appSecret}`, {
    resource: shoppingApi,
    organization_id: organization,
    scope: 'read:products',
  });
  const partnersProducts = `${api}/organizations/${organization}/products`;

  return `
The shop's API:        ${api}
A local Logto:         ${issuer}
For Prometheus:        ${api}/metrics

Its machine-to-machine apps:

${apps.map(describe).join('\n')}
Paste these commands into another terminal, in this order.

${example('statistics-service gets a token:', `TOKEN=${readersToken}`)}
${example('It may read the products (200):', request('TOKEN', `${api}/products`))}
${example("It may read the day's orders (200):", request('TOKEN', `${api}/orders/daily?date=${today}`))}
${example('It may not delete any (403):', request('TOKEN', `${api}/products/p1001`, 'DELETE'))}
${example('partner-service gets a token for its organization:', `PARTNER_TOKEN=${partnersToken}`)}
${example('There it may read the products (200):', request('PARTNER_TOKEN', partnersProducts))}
${example('Elsewhere it may not (403):', request('PARTNER_TOKEN', `${api}/products`))}
Ctrl-C stops both servers.
`;
}

/** Returns the text to print with a real Logto. Its apps and secrets are not known here. */
export function logtoInstructions(api: string, issuer: string, audience: string): string {
  const token = tokenCommand(issuer, '$APP_ID:$APP_SECRET', { resource: audience, scope: 'read:products' });

  return `
The shop's API:  ${api}
Logto:           ${issuer}
API identifier:  ${audience}   (from LOGTO_ENDPOINT; without it, a local Logto starts)
For Prometheus:  ${api}/metrics

For an app whose machine-to-machine role gives it read:products:

${example('Put its id and secret here:', "APP_ID='…' APP_SECRET='…'")}
${example('It gets a token:', `TOKEN=${token}`)}
${example('It may read the products (200):', request('TOKEN', `${api}/products`))}
Ctrl-C stops the server.
`;
}

function describe({ name, appId, appSecret, scopes, organizations }: (typeof apps)[number]): string {
  const inside = Object.entries(organizations).map(
    ([id, permissions]) => `${permissions.join(' ')}, inside the organization ${id}`,
  );
  return `  ${name}
    id      ${appId}
    secret  ${appSecret}
    may     ${[scopes.join(' '), ...inside].filter(Boolean).join('\n            ') || 'do nothing'}
`;
}

function example(shows: string, command: string): string {
  return `  ${shows}\n\n${command.replace(/^/gm, '    ')}\n`;
}

/** A command that prints a token (RFC 6749 section 4.4). It needs only curl and sed. */
function tokenCommand(issuer: string, credentials: string, parameters: Record<string, string>): string {
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
