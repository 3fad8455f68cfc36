/** A token request: for an API, for an API inside an organization, or for an organization. */
export interface TokenRequest {
  resource?: string;
  organization_id?: string;
  scope: string;
}

/** An access token, and a description of it. */
export interface Token {
  /** The token itself. */
  text: string;
  /** What is printed instead of the token, which would be a secret outside of a demo. */
  label: string;
  claims: Readonly<Record<string, unknown>>;
  /** The granted permissions, which may be fewer than were requested. */
  granted: string;
}

/** The credentials of an app. */
interface Credentials {
  name: string;
  id: string;
  secret: string;
}

/** Requests a token from Logto with the client credentials grant (RFC 6749 section 4.4). */
export async function askForToken(
  issuer: string,
  { name, id, secret }: Credentials,
  request: TokenRequest,
): Promise<Token> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...request }),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  if (!response.ok) throw new Error(`Logto issued no token for ${name}: ${answer['error_description']}`);
  const target = [request.resource, request.organization_id && `organization ${request.organization_id}`];
  return issuedToken(
    String(answer['access_token']),
    name,
    target.filter(Boolean).join(', '),
    String(answer['scope'] ?? ''),
  );
}

/** Describes a token by its app, its target and its permissions. */
export function issuedToken(text: string, appName: string, target: string, granted: string): Token {
  const label = `${appName}, for ${target}: ${granted || 'no permission'}`;
  return { text, label, claims: claimsOf(text), granted };
}

/** Changes the scope in the payload of a token. The signature stays, and is not valid for it. */
export function withAlteredScope(token: Token, scope: string): Token {
  const [header, , signature] = token.text.split('.');
  const claims = { ...token.claims, scope };
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  const label = `${token.label}, with its scope altered to "${scope}"`;
  return { text: `${header}.${payload}.${signature}`, label, claims, granted: token.granted };
}

/** Decodes the payload of a token, without a check of the signature. */
function claimsOf(text: string): Record<string, unknown> {
  const [, payload = ''] = text.split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString());
}
