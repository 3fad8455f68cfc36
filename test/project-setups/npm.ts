import { execFile } from 'node:child_process';
import { delimiter } from 'node:path';
import { promisify } from 'node:util';

/** What a user's shell would not have: it comes from the tests, or from the npm that runs them. */
const OURS = /^(npm_|node_|vitest|logto_)|^(express|test|dev|prod|ssr|mode|base_url|init_cwd)$/i;
/** How the registry is reached, which is the same for a user. */
const NETWORK = /^(npm_config_(registry|userconfig|globalconfig|cache|.*proxy|cafile)|node_extra_ca_certs)$/i;

/** The environment of a user's shell, in a folder that has nothing to do with this repository. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !OURS.test(name) || NETWORK.test(name)),
  );
  // npm puts this repository's own tools before all others.
  const path = env['PATH']
    ?.split(delimiter)
    .filter((folder) => !/node_modules.\.bin$|node-gyp-bin$/.test(folder));
  return path === undefined ? env : { ...env, PATH: path.join(delimiter) };
}

const NOT_REACHED =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|E?TIMEDOUT|ERR_SOCKET_TIMEOUT|E(?:407|5\d\d))\b/;

/** Runs npm, and gives what it wrote. Throws with all that it said, or with a plain sentence where it reaches no registry. */
export async function npm(folder: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('npm', ['--loglevel=error', ...args], {
      cwd: folder,
      env: ownEnvironment(),
      timeout: 240_000,
    });
    return stdout;
  } catch (error) {
    const { stdout, stderr, message } = error as Error & { stdout: string; stderr: string };
    const said = `npm ${args.join(' ')}\n${stdout}${stderr}` || message;
    const cause = args[0] === 'install' ? NOT_REACHED.exec(said)?.[0] : undefined;
    throw new Error(
      cause === undefined
        ? said
        : `These tests install packages, and the npm registry cannot be reached (${cause}).\n${said}`,
    );
  }
}

/** Installs packages, and what package.json names. No script of theirs runs unless it is allowed. */
export function install(
  folder: string,
  packages: readonly string[],
  { scripts = false } = {},
): Promise<string> {
  return npm(folder, [
    'install',
    ...packages,
    `--ignore-scripts=${!scripts}`,
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
    // A registry that is down shall be said soon, not after npm's own minutes.
    '--fetch-retries=2',
    '--fetch-retry-mintimeout=1000',
    '--fetch-retry-maxtimeout=5000',
  ]);
}
