import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type {
  SetupApi,
  SetupApp,
  SetupDefinition,
  SetupOrganization,
  SetupOrganizationRole,
  SetupPermissions,
  SetupPermissionsByApi,
  SetupRole,
} from '../../setup-definition.js';
import { type Bare, bare, own } from '../../util/own.js';
import { cut } from '../../util/printable.js';
import { checkReferences } from './references.js';
import { faultsIn } from './schema.js';
import type { Api, ApiPermission, App, Organization, Permission, Role, Setup } from './setup.js';
import { SetupError } from './setup-error.js';

/** The set-up file is invalid. Each line is one fault, with its place in the file. */
export class SetupFileError extends SetupError {}

/**
 * Reads a set-up file: JSON, or a module with the same data as its default export.
 *
 * @throws SetupFileError
 */
export async function readSetupFile(file: string): Promise<Setup> {
  const content = await contentOf(file);
  const faults = faultsIn(content);
  if (faults.length > 0) throw new SetupFileError(...faults.map((fault) => `${file}: ${fault}`));
  const setup = setupOf(content as SetupDefinition);
  const wrong = checkReferences(setup);
  if (wrong.length > 0) throw new SetupFileError(...wrong.map((fault) => `${file}: ${fault}`));
  return setup;
}

async function contentOf(file: string): Promise<unknown> {
  const path = resolve(file);
  if (!existsSync(path)) throw new SetupFileError(`${file} does not exist.`);
  const isJson = /\.json$/i.test(path);
  try {
    if (isJson) return JSON.parse((await readFile(path, 'utf8')).replace(/^\uFEFF/, ''));
    const module: unknown = await import(pathToFileURL(path).href);
    if (own(module, 'default') === undefined) throw new Error('it has no default export.');
    return own(module, 'default');
  } catch (error) {
    const said = error instanceof Error ? cut(error.message, 300) : 'it threw a value that is not an Error.';
    throw new SetupFileError(`${file} ${isJson ? 'is not JSON' : 'cannot be loaded'}: ${said}`);
  }
}

function setupOf(content: SetupDefinition): Setup {
  const { api, roles, apps, organizationPermissions, organizationRoles, organizations } = bare(content);
  return {
    apis: api === undefined ? [] : [api].flat().map(apiOf),
    roles: (roles ?? []).map(roleOf),
    apps: (apps ?? []).map(appOf),
    organizationPermissions: permissionsOf(organizationPermissions),
    organizationRoles: (organizationRoles ?? []).map((role) => ({
      ...roleOf(role),
      organizationPermissions: unique(own(role, 'organizationPermissions')),
    })),
    organizations: (organizations ?? []).map(organizationOf),
  };
}

function apiOf(api: SetupApi): Api {
  const { name, indicator, permissions, accessTokenTtl }: Bare<SetupApi> = bare(api);
  return { name, indicator, permissions: permissionsOf(permissions), accessTokenTtl };
}

function roleOf(role: SetupRole | SetupOrganizationRole): Role {
  const { name, description, permissions } = bare<SetupRole | SetupOrganizationRole>(role);
  return { name, description, permissions: apiPermissions(permissions) };
}

function appOf(app: SetupApp): App {
  const { name, description, roles, env, customClientMetadata } = bare(app);
  return {
    name,
    description,
    roles: unique(roles),
    env: env ?? variablePrefix(name),
    customClientMetadata: customClientMetadata ?? {},
  };
}

function organizationOf(organization: SetupOrganization): Organization {
  const { name, description, env, members } = bare(organization);
  return {
    name,
    description,
    env: env ?? variablePrefix(name),
    members: (members ?? []).map((member) => ({ app: member.app, roles: unique(own(member, 'roles')) })),
  };
}

function permissionsOf(permissions: SetupPermissions = {}): Permission[] {
  return Object.entries(permissions).map(([name, description]) => ({ name, description }));
}

function apiPermissions(byApi: SetupPermissionsByApi = {}): ApiPermission[] {
  return Object.entries(byApi).flatMap(([indicator, names]) =>
    unique(names).map((name) => ({ indicator, name })),
  );
}

function unique(names: readonly string[] = []): string[] {
  return [...new Set(names)];
}

/** Converts a name to the prefix of variables: `Corner Shop` gives `CORNER_SHOP`. */
function variablePrefix(name: string): string {
  const ascii = name.normalize('NFKD').replace(/\p{M}/gu, '');
  const prefix = ascii
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_')
    .replace(/^_|_$/g, '');
  return /^\d/.test(prefix) ? `_${prefix}` : prefix;
}
