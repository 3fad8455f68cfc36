import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install } from './npm.js';
import { root } from './packed.js';

const cache = join(root, 'node_modules/.cache/project-setups');
const binary = join('node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** The path of this version of Node, a full one or a major, from the npm package `node`. Installed once, then kept. */
export async function nodeOf(version: string): Promise<string> {
  const folder = join(cache, `node-${version}`);
  if (!existsSync(join(folder, binary))) {
    // Elsewhere first, so that what has its name is whole, and another run of the tests may do the same.
    mkdirSync(cache, { recursive: true });
    const staging = mkdtempSync(`${folder}-`);
    try {
      // That package fetches the binary of the platform in an install script.
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
