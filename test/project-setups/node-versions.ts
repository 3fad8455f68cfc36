import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install } from './npm.js';
import { root } from './packed.js';

const cache = join(root, 'node_modules/.cache/project-setups');
const binary = join('node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** Returns the path of this full or major version of Node. Installs the npm package `node` once and caches it. */
export async function nodeOf(version: string): Promise<string> {
  const folder = join(cache, `node-${version}`);
  if (!existsSync(join(folder, binary))) {
    // A staging folder ensures that the final folder is complete, even if test runs install at the same time.
    mkdirSync(cache, { recursive: true });
    const staging = mkdtempSync(`${folder}-`);
    try {
      // The package fetches the binary for the platform in an install script.
      const manifest = { private: true, allowScripts: { node: true } };
      writeFileSync(join(staging, 'package.json'), JSON.stringify(manifest));
      await install(staging, [`node@${version}`], { scripts: true });
      moveTo(folder, staging);
    } finally {
      rmSync(staging, { recursive: true, force: true });
    }
  }
  return join(folder, binary);
}

function moveTo(folder: string, staging: string): void {
  try {
    renameSync(staging, folder);
  } catch (error) {
    if (!existsSync(join(folder, binary))) throw error;
  }
}
