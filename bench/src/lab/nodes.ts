import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The versions of Node that the package supports, each as the npm package `node` brings it. */
export const NODES = ['24', '22', '20'] as const;

export type Node = (typeof NODES)[number];

const require = createRequire(import.meta.url);

/** Measurements that use one Node use this one, which most people run. */
export const DEFAULT_NODE: Node = '24';

/** The program itself. */
export function programOf(node: Node): string {
  return join(dirname(require.resolve(`node-${node}/package.json`)), 'bin', 'node');
}
