import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The versions of Node that the package supports, each from the npm package `node`. */
export const NODES = ['24', '22', '20'] as const;

export type Node = (typeof NODES)[number];

const require = createRequire(import.meta.url);

/** The version for measurements on only one Node: the one that most users run. */
export const DEFAULT_NODE: Node = '24';

/** Returns the path of the program. */
export function programOf(node: Node): string {
  return join(dirname(require.resolve(`node-${node}/package.json`)), 'bin', 'node');
}
