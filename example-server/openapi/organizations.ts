import { responseRef, success } from './answers.js';
import { operation, parameter } from './operation.js';
import { productPaths } from './products.js';

/** The paths of `routes/organizations.ts`. */
export function organizationPaths(organizationId: string) {
  const path = '/organizations/{organizationId}';
  const tag = 'Organizations';
  const parameters = [
    parameter(
      'path',
      'organizationId',
      'The id that the organization has in Logto.',
      { type: 'string' },
      organizationId,
    ),
  ];
  return {
    ...productPaths({
      path: `${path}/products`,
      tag,
      scheme: 'insideOrganization',
      parameters,
      suffix: 'OfOrganization',
    }),
    [`${path}/reports`]: {
      parameters,
      get: operation({
        operationId: 'readReportsOfOrganization',
        summary: "The organization's monthly reports",
        tags: [tag],
        scheme: 'ofOrganization',
        scope: 'read:reports',
        responses: { 200: success('The reports.', 'Reports'), 404: responseRef('NoSuchOrganization') },
      }),
    },
  };
}
