/** The signing algorithms that Logto supports, its default first. */
export const LOGTO_ALGORITHMS: readonly string[] = ['ES384', 'RS256', 'ES256', 'ES512', 'PS256'];

/** The prefix of the audience of an organization's own tokens; the organization's id follows. */
export const ORGANIZATION_AUDIENCE = 'urn:logto:organization:';
