import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Response } from 'supertest';

interface Ref {
  $ref: string;
}
interface Answer {
  content?: Record<string, { schema: Ref; example?: unknown }>;
  headers?: Record<string, { schema: object; required?: boolean; example?: string }>;
}
interface Parameter {
  name: string;
  in: 'path' | 'query';
  example: string;
}
interface Operation {
  operationId: string;
  security: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: object;
  responses: Record<string, Answer | Ref>;
}

const methods = ['get', 'post', 'put', 'delete'] as const;
export type Method = (typeof methods)[number];

/** As much of an OpenAPI document as the tests read. */
export interface OpenApiDocument {
  paths: Record<string, Partial<Record<Method, Operation>> & { parameters?: Parameter[] }>;
  components: {
    responses: Record<string, Answer>;
    securitySchemes: Record<
      string,
      {
        flows: { clientCredentials: { tokenUrl: string; scopes: Record<string, string> } };
        'x-token-parameters': Record<string, string>;
      }
    >;
  };
}

/** An operation, with all that the document says of it in several places. */
export interface DescribedOperation {
  id: string;
  method: Method;
  /** With the examples of its parameters filled in, but for those named here. */
  path(parameters?: Record<string, string>): string;
  hasBody: boolean;
  scheme: string;
  scope: string;
  answers: Record<string, Answer>;
}

export function operationsOf({ paths, components }: OpenApiDocument): DescribedOperation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method];
      if (operation === undefined) return [];
      const { operationId, security, requestBody, responses } = operation;
      const [[scheme, [scope]]] = security.flatMap(Object.entries) as [[string, [string]]];
      const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])];
      const answers = Object.entries(responses).map(([status, answer]) => [
        status,
        '$ref' in answer ? components.responses[answer.$ref.split('/').at(-1) ?? ''] : answer,
      ]);
      return [
        {
          id: operationId,
          method,
          path: (values = {}) => fillIn(path, parameters, values),
          hasBody: requestBody !== undefined,
          scheme,
          scope,
          answers: Object.fromEntries(answers),
        },
      ];
    }),
  );
}

function fillIn(path: string, parameters: Parameter[], values: Record<string, string>): string {
  const query = new URLSearchParams();
  let filled = path;
  for (const { name, in: where, example } of parameters) {
    const value = values[name] ?? example;
    if (where === 'query') query.set(name, value);
    else filled = filled.replace(`{${name}}`, value);
  }
  return query.size > 0 ? `${filled}?${query}` : filled;
}

/** Checks answers against what a document says of them. */
export class AnswerChecker {
  readonly #ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }));

  constructor(document: OpenApiDocument) {
    this.#ajv.addSchema(document, 'openapi');
  }

  /** What is otherwise than described; none, if all is well. */
  faults(described: Answer | undefined, { headers, body, text = '' }: Response): string[] {
    if (described === undefined) return ['is not described'];
    const faults = Object.entries(described.headers ?? {}).flatMap(([name, { schema, required }]) => {
      const value = headers[name.toLowerCase()];
      if (value === undefined) return required ? [`has no ${name}`] : [];
      return this.#faultsOf(schema, /^\d+$/.test(value) ? Number(value) : value);
    });
    if (described.content === undefined) return text === '' ? faults : [...faults, 'has a body'];
    const [type = ''] = headers['content-type']?.split(';') ?? [];
    const content = described.content[type];
    if (content === undefined) return [...faults, `is ${type}`];
    return [...faults, ...this.#faultsOf({ $ref: `openapi${content.schema.$ref}` }, body)];
  }

  /** What is wrong with a value by its schema, such as `{ $ref: 'openapi#/components/schemas/Product' }`. */
  #faultsOf(schema: object, value: unknown): string[] {
    const validate = this.#ajv.compile(schema);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  }
}
