import { z } from 'zod';
import { ProvisionError } from './provision-error.js';

const claimsSchema = z.object({ iss: z.string() });

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
    throw new ProvisionError(`The token that ${endpoint} gave is none of Logto's: it names no issuer.`);
  }
  const real = issuer.replace(/\/oidc$/, '');
  throw new ProvisionError(
    `Logto issues tokens as ${real}, and not as ${endpoint}: set LOGTO_ENDPOINT=${real}. Nothing was changed.`,
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
