import { z } from 'zod';
import { ProvisionError } from './provision-error.js';

const claimsSchema = z.object({ iss: z.string().endsWith('/oidc') });

const makeItSecure =
  "give Logto an https address, or run this and the example on Logto's own machine, with a loopback address as LOGTO_ENDPOINT and as Logto's own ENDPOINT, such as http://localhost:3001";

/**
 * Makes sure that secrets are not sent in the open. What else an endpoint must be the client checks; of this it says
 * to set an option, which the programs of the example do not have.
 *
 * @throws {ProvisionError}
 */
export function checkSecure(endpoint: string): void {
  if (!isOpen(endpoint)) return;
  throw new ProvisionError(
    `LOGTO_ENDPOINT is ${endpoint}, and over http whoever is between can read the secrets of the apps: ${makeItSecure}.`,
  );
}

/** An endpoint as Logto writes it: host in lower case, no default port, no trailing slash. */
export function normalEndpoint(endpoint: string): string {
  const { origin, pathname } = new URL(endpoint);
  return origin + pathname.replace(/\/+$/, '');
}

/**
 * Makes sure that Logto issues tokens under this endpoint, and not under another that leads to it too: the programs
 * of the example look for the issuer `<endpoint>/oidc`, and would refuse every token of another.
 *
 * @param token Logto's own answer, so it is only read here, not verified.
 * @throws {ProvisionError}
 */
export function checkIssuer(token: string, endpoint: string): void {
  const issuer = issuerOf(token);
  if (issuer === `${endpoint}/oidc`) return;
  if (issuer === undefined) {
    throw new ProvisionError(
      `The token that ${endpoint} gave is none of Logto's: its issuer is no address that ends in /oidc.`,
    );
  }
  const real = issuer.replace(/\/oidc$/, '');
  const advice = isOpen(real) ? makeItSecure : `set LOGTO_ENDPOINT=${real}`;
  throw new ProvisionError(
    `Logto issues tokens as ${real}, and not as ${endpoint}: ${advice}. Nothing was changed.`,
  );
}

function issuerOf(token: string): string | undefined {
  const [, payload = ''] = token.split('.');
  try {
    return claimsSchema.parse(JSON.parse(Buffer.from(payload, 'base64url').toString())).iss;
  } catch {
    return undefined;
  }
}

/** Whether it is http, and not to this very machine: then the package refuses it. */
function isOpen(endpoint: string): boolean {
  if (!URL.canParse(endpoint)) return false;
  const { protocol, hostname } = new URL(endpoint);
  return protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
