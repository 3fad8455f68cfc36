import { type SchemaName, schemaRef } from './schemas.js';
import type { Scheme, Scope } from './security.js';

const MALFORMED = 'The Authorization header must be sent once and hold the word Bearer and one access token.';

const challengeHeader = (example: string, { required = true } = {}) => ({
  'WWW-Authenticate': {
    description: 'What is missing (RFC 6750 section 3).',
    required,
    schema: { type: 'string' },
    example,
  },
});

const json = (name: SchemaName, example?: unknown) => ({
  'application/json': { schema: schemaRef(name), ...(example !== undefined && { example }) },
});

const refused = (description: string, error: string, error_description: string) => ({
  description,
  content: json('Refusal', { error, error_description }),
});

/** A success with a body. */
export function success(description: string, name: SchemaName, headers?: object) {
  return { description, ...(headers && { headers }), content: json(name) };
}

/** What every guarded route can answer instead, by status. The guard speaks first: 400, 401, 403 and 503 are its own. */
export function refusals(scope: Scope, scheme: Scheme) {
  const lacking = 'The access token lacks a permission that this request needs.';
  const organization = scheme === 'shopApi' ? 'of no organization' : 'of the organization in the path';
  return {
    400: responseRef('InvalidRequest'),
    401: {
      ...refused(
        'There is no access token, or it is not valid: altered, expired, revoked, for another API or from another issuer.',
        'unauthorized',
        'This API needs an access token, sent as a bearer token in the Authorization header.',
      ),
      headers: challengeHeader(`Bearer realm="api", scope="${scope}"`),
    },
    403: {
      description: `The access token is valid, but has not the permission \`${scope}\`, or is not ${organization}.`,
      headers: challengeHeader(
        `Bearer realm="api", scope="${scope}", error="insufficient_scope", error_description="${lacking}"`,
      ),
      content: json('Refusal', { error: 'insufficient_scope', error_description: lacking, scope }),
    },
    500: responseRef('ServerError'),
    503: responseRef('Unavailable'),
  };
}

/** Points to one of the answers that are the same on all routes. */
export function responseRef(name: keyof typeof sharedResponses) {
  return { $ref: `#/components/responses/${name}` };
}

/** The document's `components.responses`. */
export const sharedResponses = {
  InvalidRequest: {
    ...refused(
      'The Authorization header is malformed, and then there is a challenge; or the input is not as described, and each wrong field is named.',
      'invalid_request',
      MALFORMED,
    ),
    headers: challengeHeader(
      `Bearer realm="api", error="invalid_request", error_description="${MALFORMED}"`,
      { required: false },
    ),
  },
  NotFound: refused('There is no such thing.', 'not_found', 'There is no such product.'),
  NoSuchOrganization: refused(
    'The shop does not know this organization.',
    'not_found',
    'There is no such organization.',
  ),
  TooLarge: refused('The body is over 16 KiB.', 'payload_too_large', 'The body is too large.'),
  UnsupportedMediaType: refused(
    'The body has an encoding that is not known here.',
    'unsupported_media_type',
    'The request cannot be understood.',
  ),
  ServerError: refused('A mistake of ours.', 'server_error', 'Something went wrong here.'),
  Unavailable: {
    ...refused(
      'Whether the access token is good cannot be told at the moment.',
      'temporarily_unavailable',
      'The access token cannot be checked at the moment. Try again later.',
    ),
    headers: {
      'Retry-After': {
        description: 'Seconds after which to try again.',
        schema: { type: 'integer', minimum: 1 },
      },
    },
  },
};
