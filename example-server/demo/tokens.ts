/** What an app asks Logto for: a token for an API, inside an organization or not, or one of an organization. */
export interface TokenRequest {
  resource?: string;
  organization_id?: string;
  scope: string;
}

/** An access token, and how it came about. */
export interface Token {
  /** The token itself. */
  text: string;
  /** What to call it in the story: never the token itself, which would be a secret outside of a demo. */
  label: string;
  claims: Readonly<Record<string, unknown>>;
  /** The permissions granted, which may be fewer than were asked for. */
  granted: string;
}

/** How an app proves to Logto who it is. */
interface Credentials {
  name: string;
  id: string;
  secret: string;
}

/** Asks Logto for a token with the client credentials grant (RFC 6749 section 4.4). */
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
  if (!response.ok) throw new Error(`Logto gave ${name} no token: ${answer['error_description']}`);

  const text = String(answer['access_token']);
  const granted = String(answer['scope'] ?? '');
  const forWhat = [request.resource, request.organization_id && `organization ${request.organization_id}`];
  const label = `${name}, for ${forWhat.filter(Boolean).join(', ')}: ${granted || 'no permission'}`;
  return { text, label, claims: claimsOf(text), granted };
}

/** The same token, but with another scope in its payload; whoever does that cannot sign it anew. */
export function withAlteredScope(token: Token, scope: string): Token {
  const [header, , signature] = token.text.split('.');
  const claims = { ...token.claims, scope };
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  const label = `${token.label}, with its scope altered to "${scope}"`;
  return { text: `${header}.${payload}.${signature}`, label, claims, granted: token.granted };
}

/** The payload of a token, as anybody can read it; that it is true only the signature tells. */
function claimsOf(text: string): Record<string, unknown> {
  const [, payload = ''] = text.split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString());
}
