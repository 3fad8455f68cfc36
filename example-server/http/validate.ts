import type { ZodType } from 'zod';
import { Problem } from './problems.js';

/**
 * Input as its schema describes it.
 *
 * @param part What the caller is told is wrong where it is no field of its own: `body`, `query`, `id`.
 * @throws {Problem} 400, naming each field that is wrong.
 */
export function validate<T>(schema: ZodType<T>, input: unknown, part: string): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const mistakes = result.error.issues.map(({ path, message }) => `${path.join('.') || part}: ${message}`);
  throw new Problem(400, mistakes.join('; '));
}
