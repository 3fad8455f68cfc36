import type { ZodType } from 'zod';
import { Problem } from './problems.js';

/**
 * Validates input against a schema.
 *
 * @param part - the name of the input in messages: `body`, `query`, `id`
 * @throws Problem 400, with the name of each invalid field
 */
export function validate<T>(schema: ZodType<T>, input: unknown, part: string): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const mistakes = result.error.issues.map(({ path, message }) => `${path.join('.') || part}: ${message}`);
  throw new Problem(400, mistakes.join('; '));
}
