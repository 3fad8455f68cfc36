import { application, resource, role, scope, secretOf } from './entries.js';
import { recordedCalls } from './recorded-calls.js';
import { addPairs, type Entry, type State } from './state.js';

export const MANAGEMENT_API = 'https://default.logto.app/api';

/** Fills a new tenant, which contains only an app for the Management API. */
export function seed(state: State): void {
  const type = 'MachineToMachine';
  state.resources.push(
    resource('management-api', { name: 'Logto Management API', indicator: MANAGEMENT_API }),
  );
  state.scopes.push(scope('management-api-all', 'management-api', { name: 'all' }));
  state.roles.push(role('mgmt', { name: 'Logto Management API access', description: 'All of it', type }));
  state.roleScopes.push(['mgmt', 'management-api-all']);
  state.applications.push(application('management', { name: 'management-service', type }));
  state.secrets.push(secretOf('management'));
  state.roleApps.push(['mgmt', 'management']);
}

/** Fills the tenant of the recorded calls, as it was before the first change. */
export function seedAsRecorded(state: State): void {
  const answerTo = (start: string): Entry[] => {
    const call = recordedCalls.find(
      ({ method, path, status }) => method === 'GET' && status === 200 && path.startsWith(start),
    );
    return structuredClone(call?.response as Entry[]).filter(({ name }) => !/^recorded/i.test(name));
  };
  for (const { scopes, ...entry } of answerTo('/api/resources?') as (Entry & { scopes: Entry[] })[]) {
    state.resources.push(entry);
    state.scopes.push(...scopes);
  }
  for (const entry of answerTo('/api/roles?')) {
    const { usersCount, featuredUsers, applicationsCount, featuredApplications, ...own } = entry;
    state.roles.push(own as Entry);
    addPairs(
      state.roleApps,
      entry.id,
      (featuredApplications as Entry[]).map(({ id }) => id),
    );
  }
  state.applications.push(...answerTo('/api/applications?').reverse());
  for (const { id } of state.applications) state.secrets.push(secretOf(id));
  state.organizations.push(...answerTo('/api/organizations?'));

  // The grants come from the tokens that were recorded with the calls.
  const grants: Record<string, readonly string[]> = {
    'shop-reader': ['read:products'],
    'shop-admin': ['read:products', 'write:products', 'delete:products'],
    'mgmt-all': ['all'],
    'Logto Management API access': ['all'],
  };
  for (const { id, name } of state.roles) {
    const granted = state.scopes.filter((one) => grants[name]?.includes(one.name));
    addPairs(
      state.roleScopes,
      id,
      granted.map((one) => one.id),
    );
  }
}
