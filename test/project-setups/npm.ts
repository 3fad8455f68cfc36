import { execFile } from 'node:child_process';
import { delimiter } from 'node:path';
import { promisify } from 'node:util';

/** Variables of the tests, or of the npm that runs them, which the shell of a user does not have. */
const OURS = /^(npm_|node_|vitest|logto_)|^(express|test|dev|prod|ssr|mode|base_url|init_cwd)$/i;
/** Settings for access to the registry, which are kept. */
const NETWORK = /^(npm_config_(registry|userconfig|globalconfig|cache|.*proxy|cafile)|node_extra_ca_certs)$/i;

/** The environment of a shell of a user, outside this repository. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !OURS.test(name) || NETWORK.test(name)),
  );
  // npm puts the tools of this repository first in the path.
  const path = env['PATH']
    ?.split(delimiter)
    .filter((folder) => !/node_modules.\.bin$|node-gyp-bin$/.test(folder));
  return path === undefined ? env : { ...env, PATH: path.join(delimiter) };
}

const NOT_REACHED =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|E?TIMEDOUT|ERR_SOCKET_TIMEOUT|E(?:407|5\d\d))\b/;

/** Runs npm and returns its output. An error contains the output, and says so if the registry cannot be reached. */
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

/** Installs packages, and those in package.json. Install scripts run only if allowed. */
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
    // These limits report an unreachable registry within seconds; the defaults of npm take minutes.
    '--fetch-retries=2',
    '--fetch-retry-mintimeout=1000',
    '--fetch-retry-maxtimeout=5000',
  ]);
}
