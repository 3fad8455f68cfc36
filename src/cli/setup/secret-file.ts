import { randomBytes } from 'node:crypto';
import { access, constants, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { own } from '../../checks/own.js';
import { inARow } from '../words.js';
import { SetupError } from './setup-error.js';

/**
 * Finds the place of a file of variables, through a link, too, before anything is made.
 *
 * @param names - the variables that it will hold
 * @throws SetupError where it cannot be written, or holds other variables, which would be lost
 */
export async function placeFor(file: string, names: readonly string[]): Promise<string> {
  const path = resolve(file);
  const present = await stat(path).catch(() => undefined);
  // A device or a pipe, such as /dev/stdout, would be replaced by a file.
  if (present !== undefined && !present.isFile()) {
    throw new SetupError(`${path} is not a file that could be replaced.`);
  }
  try {
    const place = present === undefined ? path : await realpath(path);
    await access(dirname(place), constants.W_OK);
    if (present !== undefined) checkContent(file, await readFile(place, 'utf8'), names);
    return place;
  } catch (error) {
    throw error instanceof SetupError ? error : cannotWrite(file, error);
  }
}

function checkContent(file: string, content: string, names: readonly string[]): void {
  const others = Object.keys(parseEnv(content))
    .filter((name) => !names.includes(name))
    .sort();
  if (others.length === 0) return;
  throw new SetupError(
    `${file} has other variables, which would be lost: ${inARow(others)}. Name another file, or delete this one.`,
  );
}

/**
 * Writes secrets into a file that its owner alone can read. Whoever reads it finds what was in it before, or all of
 * this.
 *
 * @throws SetupError where it cannot be written: then the file is as it was
 */
export async function writeSecretFile(place: string, content: string): Promise<void> {
  const temporary = `${place}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(temporary, content, { mode: 0o600, flag: 'wx' });
    await rename(temporary, place);
  } catch (error) {
    await rm(temporary, { force: true });
    throw cannotWrite(place, error);
  }
}

function cannotWrite(file: string, error: unknown): SetupError {
  return new SetupError(`${file} cannot be written (${own(error, 'code')}).`);
}
