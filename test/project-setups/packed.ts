import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from './npm.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Packs the package as for publishing, from the existing build. Returns the path of the tarball. */
export async function pack(folder: string): Promise<string> {
  // A new build would remove files that other tests use.
  const said = await npm(root, ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]);
  const [{ filename }] = JSON.parse(said);
  return join(folder, filename);
}
