import { own } from '../util/own.js';
import type { Io } from './io.js';
import { UsageError } from './usage.js';

/** In bytes. Tokens are shorter, also with the text that is copied with them. */
const LONGEST = 64 * 1024;

/** Reads stdin. @throws UsageError if stdin is a terminal, or if the input is too large */
export async function readStandardInput({ stdin }: Io, what: string): Promise<string> {
  if (own(stdin, 'isTTY') === true)
    throw new UsageError(`the ${what} is missing: pass it as an argument, or on stdin.`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    size += chunk.length;
    if (size > LONGEST) {
      throw new UsageError(`stdin has more than ${LONGEST / 1024} KiB: pass only the ${what}.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
