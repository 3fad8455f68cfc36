import { parseArgs } from 'node:util';
import { report, reportRotations } from './report.js';
import { objectionsToRotations, rotations } from './rotations.js';
import { soak } from './soak.js';
import { objectionsTo } from './verdict.js';

const help = `npm run soak -- [--rotations] [--seconds N | --minutes N]

Puts the example's API under load while its issuer is at fault in one way after the other, and rotates its key every
few seconds. Prints what came of it. Ends with 1 if a valid request was refused because of that, if requests waited
for it, or if the heap grew without bound. Takes a minute by default, and 10 seconds at least.

With --rotations it has the issuer rotate its key four times within seconds, and beside 300 and 1,000 made-up key ids a
second, and ends with 1 if a valid request was refused, or if too many were told to come again. The time is that of the
first flood; the whole takes 40 seconds more.`;

const [shortest, longest] = [10, 24 * 60 * 60];

try {
  const asked = askedFor();
  if (asked === undefined) console.log(help);
  else process.exitCode = await (asked.rotations ? rotate : run)(asked.seconds);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** Returns what to run, and for how many seconds; undefined if only the help text is requested. */
function askedFor(): { seconds: number; rotations: boolean } | undefined {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      minutes: { type: 'string' },
      rotations: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  const { rotations, minutes = '1', seconds = Number(minutes) * 60 } = values;
  if (Number(seconds) >= shortest && Number(seconds) <= longest)
    return { seconds: Number(seconds), rotations };
  throw new Error(`It can run from ${shortest} seconds to a day.\n\n${help}`);
}

async function rotate(seconds: number): Promise<number> {
  const outcome = await rotations(seconds, clock());
  const objections = objectionsToRotations(outcome);
  console.log(`\n${reportRotations(outcome, objections)}`);
  return objections.length > 0 ? 1 : 0;
}

/** Returns a function that prints a message with the time since the start. */
function clock(): (what: string) => void {
  const began = performance.now();
  return (what) => {
    const passed = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`${passed.padStart(6)} s  ${what}`);
  };
}

async function run(seconds: number): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

  const outcome = await soak({ seconds, signal: interrupted.signal, tell: clock() });

  // An interrupted run need not have tested everything.
  const objections = interrupted.signal.aborted ? [] : objectionsTo(outcome);
  console.log(`\n${report(outcome, objections)}`);
  if (objections.length > 0 || outcome.ledger.wrong.size > 0) return 1;
  return interrupted.signal.aborted ? 130 : 0;
}
