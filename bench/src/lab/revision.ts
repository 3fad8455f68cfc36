import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Builds another revision of this project with the dependencies of its own lockfile. The build stays in the system's
 * folder for temporary files, and the next run uses it again.
 *
 * @param name - any name of a commit that git accepts
 * @returns the folder of its package, and the full hash of the commit
 */
export function buildRevision(name: string): { folder: string; commit: string } {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: project }).toString().trim();
  const commit = git('rev-parse', '--verify', '--end-of-options', `${name}^{commit}`);
  const folder = join(tmpdir(), 'express-logto-m2m-bench', commit);
  if (existsSync(join(folder, 'dist/index.js'))) return { folder, commit };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const archive = execFileSync('git', ['archive', commit], { cwd: project, maxBuffer: 2 ** 28 });
  execFileSync('tar', ['-x'], { cwd: folder, input: archive });
  const npm = (...args: string[]) =>
    execFileSync('npm', args, { cwd: folder, stdio: ['ignore', process.stderr, process.stderr] });
  npm('ci', '--loglevel=error');
  npm('run', '--silent', 'build');
  return { folder, commit };
}
