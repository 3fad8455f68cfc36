import { APP } from '../../support/logto.js';
import { signJws } from '../../support/signing.js';
import { type Attack, accepted, forbidden, invalidToken, variants, withClaims } from '../attack.js';
import { type Lab, ORGANIZATION, OTHER_ORGANIZATION } from '../lab.js';

const ISSUERS = 'RFC 8725 section 3.8, a key of one issuer vouches for no other';
const TENANTS = 'an honest token of another tenant';
const ROUTES = 'an honest token on another route';
const INSIDE = 'Logto: a token for the API inside one organization';
const OWN = "Logto: an organization's own token";

const organizationOf = (id: string) => `urn:logto:organization:${id}`;
const inside = (id: string) => withClaims({ organization_id: id });
const own = (id: string, claims = {}) =>
  withClaims({ aud: organizationOf(id), scope: 'read:reports', ...claims });

/** Where Logto's organizations may read products. */
const productsOf = (id: string) => `GET /organizations/${id}/products`;
const reportsOf = (id: string) => `GET /organizations/${id}/reports`;

const issuers: Attack[] = variants(ISSUERS, (token: (lab: Lab) => string) => ({ token }), [
  ['honest: a token of the other trusted issuer', ({ second }) => second.token(), accepted],
  [
    'a token that names our issuer, by a key of the other trusted one',
    ({ logto, second }) => logto.token({ key: second.key }),
    invalidToken('unknown_key'),
  ],
  [
    'a token that names our issuer, by a key of the other one with the same kid',
    ({ logto, twin }) => logto.token({ key: twin }),
    invalidToken('signature'),
  ],
  [
    'a token that names the other issuer, by our key of the same kid',
    ({ logto, second }) => second.token({ key: logto.key }),
    invalidToken('signature'),
  ],
  [
    'a token that names the other issuer, by a key of ours that it has not',
    ({ keys, second }) => second.token({ key: keys.ES256 }),
    invalidToken('unknown_key'),
  ],
  [
    'honest: a token of the other issuer, by its key of the same kid',
    ({ second, twin }) => second.token({ key: twin }),
    accepted,
  ],
]);

const tenants: Attack[] = [
  ...variants(TENANTS, (token: (lab: Lab) => string) => ({ token }), [
    [
      'a token of another tenant for the same audience',
      ({ foreign }) => foreign.token(),
      invalidToken('issuer'),
    ],
    [
      'a token of another tenant that names our issuer',
      ({ foreign, logto }) => foreign.token({ claims: { iss: logto.issuer } }),
      invalidToken('unknown_key'),
    ],
    [
      'a token of another tenant that names our issuer and our key',
      ({ foreign, logto }) =>
        foreign.token({ claims: { iss: logto.issuer }, header: { kid: logto.key.kid } }),
      invalidToken('signature'),
    ],
    [
      'a token of our tenant that names another',
      ({ foreign, logto }) => logto.token({ claims: { iss: foreign.issuer } }),
      invalidToken('issuer'),
    ],
  ]),
  ...variants(TENANTS, withClaims, [
    [
      'a token for the Management API',
      { aud: 'https://default.logto.app/api', scope: 'all' },
      invalidToken('audience'),
    ],
    ['a token for another API of ours', { aud: 'https://billing.api' }, invalidToken('audience')],
    [
      'a token for the resource that gives every app every organization permission',
      { aud: 'urn:logto:resource:organizations' },
      invalidToken('audience'),
    ],
  ]),
  {
    name: 'an ID token',
    reference: 'RFC 9068 section 5, ID tokens are no access tokens',
    token: ({ logto }) =>
      signJws(
        { ...logto.header(), typ: 'JWT' },
        { ...logto.claims({ scope: undefined, client_id: undefined }), aud: APP, nonce: 'x' },
        logto.key,
      ),
    expected: invalidToken('type'),
  },
  {
    name: 'an access token for userinfo alone',
    reference: 'Logto: a token without a resource',
    ...withClaims(({ logto }) => ({ aud: `${logto.issuer}/me`, scope: 'openid profile' })),
    expected: invalidToken('audience'),
  },
];

const insufficient = forbidden('scope');
const routes: Attack[] = [
  ...variants(ROUTES, (at: string) => ({ at }), [
    ['a token to read, for a POST', 'POST /products', insufficient],
    ['a token to read, for a PUT', 'PUT /products/p1001', insufficient],
    ['a token to read, for a DELETE', 'DELETE /products/p1001', insufficient],
    ['a token to read products, for orders', 'GET /orders/daily?date=2026-01-01', insufficient],
    ['a token of no organization, for one', productsOf(ORGANIZATION), forbidden('organization')],
    ['a token for the API, for reports', reportsOf(ORGANIZATION), invalidToken('audience')],
  ]),
  {
    name: 'a token to write, for reading',
    reference: ROUTES,
    ...withClaims({ scope: 'write:products delete:products' }),
    expected: insufficient,
  },
  {
    name: 'honest: a token for orders, for orders',
    reference: ROUTES,
    at: 'GET /orders/daily?date=2026-01-01',
    ...withClaims({ scope: 'read:orders' }),
    expected: accepted,
  },
];

const otherOrganization = forbidden('organization');
const organizations: Attack[] = [
  ...variants(INSIDE, (at: string) => ({ at, ...inside(ORGANIZATION) }), [
    ['honest: a token inside an organization, there', productsOf(ORGANIZATION), accepted],
    ['a token inside an organization, in another', productsOf(OTHER_ORGANIZATION), otherOrganization],
    ['a token inside an organization, outside', 'GET /products', otherOrganization],
    ['a token inside an organization, for its reports', reportsOf(ORGANIZATION), invalidToken('audience')],
    [
      'a token inside an organization, to write there',
      `POST /organizations/${ORGANIZATION}/products`,
      insufficient,
    ],
    ['an organization in upper case in the path', productsOf(ORGANIZATION.toUpperCase()), otherOrganization],
    ['an organization with a space in the path', productsOf(`${ORGANIZATION}%20`), otherOrganization],
    ['an organization with a NUL in the path', productsOf(`${ORGANIZATION}%00`), otherOrganization],
    ['an organization with an escaped slash', productsOf(`${ORGANIZATION}%2fx`), otherOrganization],
    ['an organization escaped twice', productsOf(`%2574${ORGANIZATION.slice(1)}`), otherOrganization],
    [
      'an organization and another in the query',
      `${productsOf(OTHER_ORGANIZATION)}?organizationId=${ORGANIZATION}`,
      otherOrganization,
    ],
    ['__proto__ for an organization', productsOf('__proto__'), otherOrganization],
    [
      'honest: an organization with an escape in the path',
      productsOf(`%74${ORGANIZATION.slice(1)}`),
      accepted,
    ],
  ]),
  {
    name: 'a user inside an organization',
    reference: INSIDE,
    at: productsOf(ORGANIZATION),
    ...withClaims({ organization_id: ORGANIZATION, sub: 'user-1' }),
    expected: forbidden('machine'),
  },
  {
    name: 'a token with two organizations in a list',
    reference: INSIDE,
    at: productsOf(ORGANIZATION),
    ...withClaims({ organization_id: [ORGANIZATION, OTHER_ORGANIZATION] }),
    expected: invalidToken('claims'),
  },
  ...variants(OWN, (at: string) => ({ at, ...own(ORGANIZATION) }), [
    ["honest: an organization's own token, for its reports", reportsOf(ORGANIZATION), accepted],
    ["an organization's own token, for another's reports", reportsOf(OTHER_ORGANIZATION), otherOrganization],
    ["an organization's own token, for the API", 'GET /products', invalidToken('audience')],
    [
      "an organization's own token, for the API inside it",
      productsOf(ORGANIZATION),
      invalidToken('audience'),
    ],
  ]),
  ...variants(
    OWN,
    (claims: Record<string, unknown>) => ({
      at: reportsOf(ORGANIZATION),
      ...withClaims({ scope: 'read:reports', ...claims }),
    }),
    [
      [
        'another organization’s own token, whose script names ours',
        { aud: organizationOf(OTHER_ORGANIZATION), organization_id: ORGANIZATION },
        otherOrganization,
      ],
      [
        'honest: our organization’s own token, whose script names another',
        { aud: organizationOf(ORGANIZATION), organization_id: OTHER_ORGANIZATION },
        accepted,
      ],
      ['an own token of no organization', { aud: organizationOf('') }, invalidToken('claims')],
      ['an own token of no organization, in a list', { aud: [organizationOf('')] }, invalidToken('claims')],
      [
        'an own token of two organizations',
        { aud: [organizationOf(OTHER_ORGANIZATION), organizationOf(ORGANIZATION)] },
        invalidToken('claims'),
      ],
      [
        'an own token of an organization and an API',
        { aud: [organizationOf(ORGANIZATION), 'https://shopping.api'] },
        invalidToken('claims'),
      ],
      [
        'an own token in upper case',
        { aud: organizationOf(ORGANIZATION).toUpperCase() },
        invalidToken('audience'),
      ],
      ['the bare id for an audience', { aud: ORGANIZATION }, invalidToken('audience')],
      ['an own token with a slash', { aud: `${organizationOf(ORGANIZATION)}/` }, otherOrganization],
      [
        'the resource of all organizations, for reports',
        { aud: 'urn:logto:resource:organizations' },
        invalidToken('audience'),
      ],
      [
        'an own token with the scope of the API alone',
        { aud: organizationOf(ORGANIZATION), scope: 'read:products' },
        insufficient,
      ],
      ['an own token for a user', { aud: organizationOf(ORGANIZATION), sub: 'user-1' }, forbidden('machine')],
    ],
  ),
];

const replicas: Attack[] = [
  {
    name: 'honest: a token at another process of the API',
    reference: 'replicas know nothing of each other',
    server: 'replica',
    expected: accepted,
  },
  {
    name: "the attacker's token at another process of the API",
    reference: 'replicas know nothing of each other',
    server: 'replica',
    token: ({ logto, attacker }) => logto.token({ key: attacker.keys.ES384, header: { kid: logto.key.kid } }),
    expected: invalidToken('signature'),
  },
];

export const crossing: Attack[] = [...issuers, ...tenants, ...routes, ...organizations, ...replicas];
