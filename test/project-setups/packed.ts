import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from './npm.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Packs the package as it would be published, from the build that came before the tests. Gives the tarball's path. */
export async function pack(folder: string): Promise<string> {
  // To build again would pull the files from under other tests.
  const said = await npm(root, ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]);
  const [{ filename }] = JSON.parse(said);
  return join(folder, filename);
}
