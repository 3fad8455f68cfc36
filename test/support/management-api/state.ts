export type Entry = { id: string; name: string } & Record<string, unknown>;
export type Pair = readonly [owner: string, member: string];

export interface Secret {
  tenantId: string;
  applicationId: string;
  name: string;
  value: string;
  createdAt: number;
  expiresAt: number | null;
}

/** All data of the tenant. */
export class State {
  resources: Entry[] = [];
  scopes: Entry[] = [];
  roles: Entry[] = [];
  roleScopes: Pair[] = [];
  roleApps: Pair[] = [];
  applications: Entry[] = [];
  secrets: Secret[] = [];
  organizations: Entry[] = [];
  organizationApps: Pair[] = [];
  /** The roles of an app in an organization; the owner is `organization app`. */
  organizationAppRoles: Pair[] = [];
  organizationScopes: Entry[] = [];
  organizationRoles: Entry[] = [];
  organizationRoleScopes: Pair[] = [];
  organizationRoleResourceScopes: Pair[] = [];
}

export function addPairs(table: Pair[], owner: string, members: readonly string[]): void {
  const present = membersOf(table, owner);
  table.push(...members.filter((one) => !present.includes(one)).map((one): Pair => [owner, one]));
}

export function membersOf(table: readonly Pair[], owner: string): string[] {
  return table.filter(([one]) => one === owner).map(([, member]) => member);
}

export function ownersOf(table: readonly Pair[], member: string): string[] {
  return table.filter(([, one]) => one === member).map(([owner]) => owner);
}

export function those(table: readonly Entry[], ids: readonly string[]): Entry[] {
  return byId(table.filter(({ id }) => ids.includes(id)));
}

export function byId(table: readonly Entry[]): Entry[] {
  return [...table].sort((a, b) => (a.id < b.id ? -1 : 1));
}

export function byName(table: readonly Entry[]): Entry[] {
  return [...table].sort((a, b) => (a.name < b.name ? -1 : 1));
}
