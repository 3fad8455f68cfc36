import type { Request } from 'express';
import { invalidInput } from './refusals.js';

interface Body {
  name: string;
  indicator: string;
  description?: string | undefined;
  type: string;
  scopeIds: string[];
  applicationIds: string[];
  organizationScopeIds: string[];
  resourceScopeIds: string[];
  organizationRoleIds: string[];
  accessTokenTtl: number;
  customClientMetadata: Record<string, unknown>;
}

const TYPES: Readonly<Record<string, string>> = { accessTokenTtl: 'number', customClientMetadata: 'object' };

/** Returns the body if it has only these members. A stand-in that accepted others would hide mistakes. */
export function bodyOf(req: Request, names: (keyof Body)[], optional: (keyof Body)[] = []): Body {
  const body: unknown = req.body;
  const given = Object.entries(body ?? {});
  const right = ([name, value]: [string, unknown]) =>
    name.endsWith('Ids')
      ? Array.isArray(value) && value.every((id) => typeof id === 'string')
      : typeof value === (TYPES[name] ?? 'string');
  const allowed: string[] = [...names, ...optional];
  const wrong = given.find((entry) => !allowed.includes(entry[0]) || !right(entry))?.[0];
  const missing = names.find((name) => !given.some(([has]) => has === name));
  const origins = (body as Partial<Body> | undefined)?.customClientMetadata?.['corsAllowedOrigins'] ?? [];
  if (!Array.isArray(origins)) {
    const [expected, received] = ['array', typeof origins];
    const message = `Expected ${expected}, received ${received}`;
    const path = ['customClientMetadata', 'corsAllowedOrigins'];
    const said = `Expected ${expected} but received ${received}.`;
    throw invalidInput({ code: 'invalid_type', expected, received, path, message }, said);
  }
  if (wrong === undefined && missing === undefined) return body as Body;
  throw invalidInput({ code: 'invalid_type', message: 'Invalid input', path: [wrong ?? missing] });
}
