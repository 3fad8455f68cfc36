import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Another revision of this project, built with the dependencies of its own lockfile. It is kept in the system's
 * folder of temporary files, so the next run finds it there.
 *
 * @param name - anything that git knows as a commit
 * @returns the folder of its package
 */
export function buildRevision(name: string): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: project }).toString().trim();
  const commit = git('rev-parse', '--verify', '--end-of-options', `${name}^{commit}`);
  const folder = join(tmpdir(), 'express-logto-m2m-bench', commit);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const archive = execFileSync('git', ['archive', commit], { cwd: project, maxBuffer: 2 ** 28 });
  execFileSync('tar', ['-x'], { cwd: unfinished, input: archive });
  for (const command of [
    ['ci', '--silent'],
    ['run', '--silent', 'build'],
  ]) {
    execFileSync('npm', command, { cwd: unfinished, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  renameSync(unfinished, folder);
  return folder;
}
