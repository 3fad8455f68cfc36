import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { pack } from './packed.js';
import { Project } from './project.js';

/** Installing packages from the registry can be slow, in particular on a busy machine. */
export const LONG = { timeout: 600_000 };

const temporary = mkdtempSync(join(tmpdir(), 'packed-'));
let packed: Promise<string> | undefined;
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** The tarball of the package, packed once for a file of tests. */
export function tarball(): Promise<string> {
  packed ??= pack(temporary);
  return packed;
}

const twoAtATime = atATime(2);

/**
 * Creates a project for one test suite, with the packed package and these packages. The tests fail if it cannot be
 * created.
 *
 * @param prepare - changes the template before anything is installed
 */
export function useProject(
  template: string,
  packages: readonly string[] = [],
  prepare?: (folder: string) => unknown,
): () => Promise<Project> {
  let project: Promise<Project>;
  beforeAll(async () => {
    project = twoAtATime(async () => Project.create(template, [await tarball(), ...packages], prepare));
    await project.catch(() => {});
  }, LONG.timeout);
  afterAll(async () => {
    const made = await project.catch(() => undefined);
    made?.remove();
  });
  return () => project;
}

/** Limits the number of tasks that run at the same time; the others wait. */
function atATime(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running < most) running += 1;
    else await new Promise<void>((go) => waiting.push(go));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
