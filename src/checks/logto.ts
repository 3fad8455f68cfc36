/** What Logto can sign with, its default first. */
export const LOGTO_ALGORITHMS: readonly string[] = ['ES384', 'RS256', 'ES256', 'ES512', 'PS256'];

/** What an organization's own tokens have for an audience, before the organization's id. */
export const ORGANIZATION_AUDIENCE = 'urn:logto:organization:';
