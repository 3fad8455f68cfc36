import { randomBytes } from 'node:crypto';
import { access, constants, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ProvisionError } from './provision-error.js';

/**
 * Finds out where a file of this name is to be written, through a link too.
 *
 * @throws {ProvisionError} where it cannot be
 */
export async function findPlace(file: string): Promise<string> {
  try {
    const path = resolve(file);
    const there = await stat(path).catch(() => undefined);
    // A device, or a pipe as /dev/stdout, would be replaced.
    if (there && !there.isFile()) throw new ProvisionError(`${path} is no file that could be replaced.`);
    const place = there ? await realpath(path) : path;
    await access(dirname(place), constants.W_OK);
    return place;
  } catch (error) {
    throw error instanceof ProvisionError ? error : cannotWrite(file, error);
  }
}

/**
 * Puts secrets into a file that its owner alone can read. Whoever reads it finds what was in it before, or all of
 * this.
 *
 * @throws {ProvisionError} where it cannot, and then what was there is there still
 */
export async function writeSecretly(place: string, content: string): Promise<void> {
  const beside = `${place}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(beside, content, { mode: 0o600, flag: 'wx' });
    await rename(beside, place);
  } catch (error) {
    await rm(beside, { force: true });
    throw cannotWrite(place, error);
  }
}

function cannotWrite(file: string, error: unknown): ProvisionError {
  const { code } = error as { code?: unknown };
  return new ProvisionError(`${file} cannot be written (${code}).`);
}
