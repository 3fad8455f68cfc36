import { UsageError } from './usage.js';

/** In bytes: no token is as long, and what is copied with one neither. */
const LONGEST = 64 * 1024;

/** Reads stdin. @throws UsageError if stdin is a terminal, or if the input is too large */
export async function readStandardInput(what: string): Promise<string> {
  if (process.stdin.isTTY)
    throw new UsageError(`the ${what} is missing: pass it as an argument, or on stdin.`);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LONGEST) {
      throw new UsageError(`more than ${LONGEST / 1024} KiB came on stdin: pass the ${what} alone.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
