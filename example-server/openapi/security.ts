/** The permissions of the API, as they are registered at Logto, in words. */
const apiScopes = {
  'read:products': 'Read products',
  'write:products': 'Add and change products',
  'delete:products': 'Take products out',
  'read:orders': "Read a day's orders",
};

const organizationScopes = { 'read:reports': 'Read the reports of the organization' };

export type Scope = keyof typeof apiScopes | keyof typeof organizationScopes;

/** Which kind of token an operation needs: for the API, for the API inside an organization, or an organization's own. */
export type Scheme = 'shopApi' | 'insideOrganization' | 'ofOrganization';

/** Where this API's tokens come from. */
export interface TokenSource {
  /** Logto's issuer, `<endpoint>/oidc`. */
  issuer: string;
  /** The API identifier at Logto. */
  resource: string;
  /** The organization that the page asks tokens for. */
  organizationId: string;
}

/**
 * How a caller gets a token: with its app's id and secret, at Logto's token endpoint (RFC 6749 section 4.4).
 *
 * Beside what OpenAPI can describe, Logto's token endpoint wants to know what the token is for: the `resource`
 * (RFC 8707), the `organization_id`, or both. A client that is made from this document finds them in
 * `x-token-parameters`, by name and value as they go into the form.
 */
export function securitySchemes({ issuer, resource, organizationId }: TokenSource) {
  const scheme = (
    description: string,
    scopes: Record<string, string>,
    parameters: Record<string, string>,
  ) => ({
    type: 'oauth2',
    description,
    flows: { clientCredentials: { tokenUrl: `${issuer}/token`, scopes } },
    'x-token-parameters': parameters,
  });
  const { 'read:orders': _, ...productScopes } = apiScopes;
  return {
    shopApi: scheme(`For the shop's API, asked for with \`resource=${resource}\`.`, apiScopes, { resource }),
    insideOrganization: scheme(
      `For the shop's API inside one organization, asked for with \`resource=${resource}\` and \`organization_id=${organizationId}\`.`,
      productScopes,
      { resource, organization_id: organizationId },
    ),
    ofOrganization: scheme(
      `An organization's own token, asked for with \`organization_id=${organizationId}\` alone.`,
      organizationScopes,
      { organization_id: organizationId },
    ),
  } satisfies Record<Scheme, unknown>;
}
