import type { Response } from 'express';
import type { AuthError } from '../../../src/index.js';
import type { Entry } from './state.js';

/** An error response of Logto. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly body: { code: string; message: string } & Record<string, unknown>,
  ) {
    super(body.message);
  }
}

export function answerAsLogto({ reason }: AuthError, _req: unknown, res: Response): void {
  const bodies: Record<string, [number, string, string]> = {
    no_token: [401, 'auth.authorization_header_missing', 'Authorization header is missing.'],
    scope: [403, 'auth.forbidden', 'Forbidden. Please check your user roles and permissions.'],
  };
  const [status, code, message] = bodies[reason] ?? [
    401,
    'auth.unauthorized',
    'Unauthorized. Please check credentials and its scope.',
  ];
  res.status(status).json({ code, message });
}

/** An issue in the format of zod. */
interface Issue extends Record<string, unknown> {
  code: string;
  message: string;
  path: (string | undefined)[];
}

export function tooShort(name: string): Refused {
  return invalidInput({
    code: 'too_small',
    minimum: 1,
    type: 'string',
    inclusive: true,
    exact: false,
    message: 'String must contain at least 1 character(s)',
    path: [name],
  });
}

/** @param said - the message in the details */
export function invalidInput(issue: Issue, said = issue.message): Refused {
  const { code, path } = issue;
  return new Refused(400, {
    code: 'guard.invalid_input',
    data: { issues: [issue], name: 'ZodError' },
    details: `Error in key path "${path.join('.')}": (${code}) ${said}`,
    message: 'The request body is invalid.',
  });
}

export function refuseWhere(wrong: boolean, status: number, code: string, message: string): void {
  if (wrong) throw new Refused(status, { code, message });
}

export function existing(table: readonly Entry[], id: string, name: string): Entry {
  const found = table.find((one) => one.id === id);
  if (found) return found;
  const message = `The ${name} with ID \`${id}\` does not exist.`;
  throw new Refused(404, { code: 'entity.not_exists_with_id', message });
}

export function known(table: readonly Entry[], ids: readonly string[]): void {
  refuseWhere(
    ids.some((id) => !table.some((one) => one.id === id)),
    422,
    'entity.relation_foreign_key_not_found',
    'Cannot find one or more foreign keys. Please check the input and ensure that all referenced entities exist.',
  );
}

export function unique(table: readonly Entry[], name: string): void {
  refuseWhere(
    table.some((one) => one.name === name),
    422,
    'entity.unique_integrity_violation',
    'The entity already exists. Please check the input and try again.',
  );
}
