import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { pack } from './packed.js';
import { Project } from './project.js';

/** Packages come from the registry, by a slow line perhaps, and the processors may have other work. */
export const LONG = { timeout: 300_000 };

/**
 * A project for the tests of one suite, with the packed package beside these. They fail where it cannot be made.
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
    project = create(template, packages, prepare);
    await project.catch(() => {});
  }, LONG.timeout);
  afterAll(async () => {
    const made = await project.catch(() => undefined);
    made?.remove();
  });
  return () => project;
}

async function create(
  template: string,
  packages: readonly string[],
  prepare?: (folder: string) => unknown,
): Promise<Project> {
  const temporary = mkdtempSync(join(tmpdir(), 'packed-'));
  try {
    return await Project.create(template, [await pack(temporary), ...packages], prepare);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
