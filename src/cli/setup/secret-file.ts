import { randomBytes } from 'node:crypto';
import { access, constants, lstat, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { bare, own } from '../../util/own.js';
import type { AppCredentials } from '../settings.js';
import { SetupError } from './setup-error.js';

/** A file of variables to write. */
export interface SecretFile {
  /** The name as passed by the user. */
  readonly name: string;
  /** The variables that the file will contain. */
  readonly variables: readonly string[];
  readonly endpoint: string;
  /** The app with which the command calls the Management API. */
  readonly app: AppCredentials;
}

/**
 * Resolves the path to write to, following links, before anything is created.
 *
 * @throws SetupError if the file cannot be written, or would replace something else
 */
export async function placeFor(file: SecretFile): Promise<string> {
  const path = resolve(file.name);
  try {
    const place = await targetOf(path);
    await access(dirname(place ?? path), constants.W_OK);
    if (place === undefined) return path;
    checkContent(file, await readFile(place, 'utf8'));
    return place;
  } catch (error) {
    throw error instanceof SetupError ? error : cannotWrite(path, error);
  }
}

/** Returns the existing file, with links resolved; undefined if there is none. */
async function targetOf(path: string): Promise<string | undefined> {
  const present = await lstat(path).catch((error) => {
    if (own(error, 'code') === 'ENOENT') return undefined;
    throw error;
  });
  if (present === undefined) return undefined;
  const target = await realpath(path).catch(() => {
    throw new SetupError(
      `${path} is a link to a file that does not exist: create that file, or name another one.`,
    );
  });
  // A rename would replace a device or a pipe, such as /dev/stdout, with a file.
  if (!(await lstat(target)).isFile()) throw new SetupError(`${path} is not a regular file.`);
  return target;
}

/** Allows only a file that an earlier run may have written: lines of the same variables, of the same Logto. */
function checkContent({ name, variables, endpoint, app }: SecretFile, content: string): void {
  const lines = content.split(/\r?\n/).filter((line) => line.trim() !== '');
  const foreign = lines.find((line) => !variables.includes(/^(\w+)=/.exec(line)?.[1] ?? ''));
  const advice = 'Name another file, or delete this one.';
  if (foreign !== undefined) {
    const variable = /^\s*(?:export\s+)?(\w+)=/.exec(foreign)?.[1];
    const example = variable === undefined ? '' : `, such as the variable ${variable}`;
    throw new SetupError(`${name} has lines that this set-up did not write${example}. ${advice}`);
  }
  const values = bare(parseEnv(content));
  const other = values['LOGTO_ENDPOINT'];
  if (other !== undefined && other !== endpoint) {
    throw new SetupError(`${name} belongs to another Logto, ${other}. ${advice}`);
  }
  if (Object.values(values).some((value) => value === app.id || value === app.secret)) {
    throw new SetupError(`${name} has the credentials of the app that calls the Management API. ${advice}`);
  }
}

/**
 * Writes secrets to a file that only its owner can read. The write is atomic: a reader sees the old content or the
 * new one.
 *
 * @throws SetupError if the file cannot be written; it is then unchanged
 */
export async function writeSecretFile(place: string, content: string): Promise<void> {
  // The suffix is the same, so that a pattern such as *.env in .gitignore also matches it.
  const temporary = join(dirname(place), `.${randomBytes(6).toString('hex')}.${basename(place)}`);
  try {
    await writeFile(temporary, content, bare({ mode: 0o600, flag: 'wx' }));
    await rename(temporary, place);
  } catch (error) {
    await rm(temporary, bare({ force: true }));
    throw cannotWrite(place, error);
  }
}

function cannotWrite(file: string, error: unknown): SetupError {
  return new SetupError(`${file} cannot be written (${own(error, 'code')}).`);
}
