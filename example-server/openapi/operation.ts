import { refusals } from './answers.js';
import type { Scheme, Scope } from './security.js';

interface Described {
  operationId: string;
  summary: string;
  tags: string[];
  /** The permission that the route's guard asks for. */
  scope: Scope;
  scheme: Scheme;
  parameters?: object[];
  requestBody?: object;
  /** What it answers, by status, beside what every guarded route can. */
  responses: Record<number, object>;
}

/** An operation of the document: one method of one path, behind one guard. */
export function operation({ scope, scheme, responses, summary, ...rest }: Described) {
  return {
    summary,
    description: `Needs the permission \`${scope}\`.`,
    ...rest,
    security: [{ [scheme]: [scope] }],
    responses: { ...refusals(scope, scheme), ...responses },
  };
}

/** A parameter of the path or the query. */
export function parameter(
  where: 'path' | 'query',
  name: string,
  description: string,
  schema: object,
  example?: string,
) {
  return { name, in: where, required: true, description, schema, ...(example !== undefined && { example }) };
}
