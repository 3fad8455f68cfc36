import { parseArgs } from 'node:util';
import { report } from './soak/report.js';
import { soak } from './soak/soak.js';
import { objectionsTo } from './soak/verdict.js';

const help = `npm run soak -- [--seconds N | --minutes N]

Puts the example's API under load while its issuer is at fault in one way after the other, and rotates its key every
few seconds. Prints what came of it. Ends with 1 if a valid request was refused because of that, if requests waited
for it, or if the heap grew without bound. Takes a minute by default, and 8 seconds at least.`;

const [shortest, longest] = [8, 24 * 60 * 60];

try {
  const seconds = askedFor();
  if (seconds === undefined) console.log(help);
  else process.exitCode = await run(seconds);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** How many seconds to run; undefined where only help is wanted. */
function askedFor(): number | undefined {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      minutes: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  const { minutes = '1', seconds = Number(minutes) * 60 } = values;
  if (Number(seconds) >= shortest && Number(seconds) <= longest) return Number(seconds);
  throw new Error(`It can run from ${shortest} seconds to a day.\n\n${help}`);
}

async function run(seconds: number): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

  const began = performance.now();
  const tell = (what: string) => {
    const passed = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${passed.padStart(6)} s  ${what}`);
  };
  const outcome = await soak({ seconds, signal: interrupted.signal, tell });

  // A run that was broken off need not have shown all there is to show.
  const objections = interrupted.signal.aborted ? [] : objectionsTo(outcome);
  console.log(`\n${report(outcome, objections)}`);
  if (objections.length > 0 || outcome.ledger.wrong.size > 0) return 1;
  return interrupted.signal.aborted ? 130 : 0;
}
