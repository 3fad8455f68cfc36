import { parseArgs } from 'node:util';
import { RedisConnection } from './redis/connection.js';
import { type Revocable, Revocations } from './redis/revocations.js';

const usage = `Revokes tokens for the shop's API, at every replica and from the next request on.

  node example-server/dist/revoke.js app <client id>           all tokens of that app
  node example-server/dist/revoke.js token <jti> [seconds]     that token; with seconds, for that time
  node example-server/dist/revoke.js undo app <client id>
  node example-server/dist/revoke.js undo token <jti>

REDIS_URL is the address of Redis, as for the server: REDIS_URL=redis://127.0.0.1:6379

Exit codes: 0 done; 1 Redis did not confirm it; 2 wrong arguments.`;

interface Command {
  action: 'revoke' | 'undo';
  what: Revocable;
  seconds?: number;
}

/** The arguments are wrong. */
class UsageError extends Error {}

try {
  await main();
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.error(error instanceof UsageError ? `${message}\n\n${usage}` : message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
// Otherwise the connection would retry for ever.
process.exit();

async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2));
  if (command === 'help') {
    console.log(usage);
    return;
  }
  const { REDIS_URL } = process.env;
  if (!REDIS_URL) throw new UsageError('REDIS_URL is not set.');
  const redis = await RedisConnection.open(REDIS_URL, { lost() {}, back() {} });
  try {
    console.log(await carryOut(command, new Revocations(redis)));
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new Error(`Redis did not confirm the change: ${why}.`);
  } finally {
    redis.close();
  }
}

async function carryOut({ action, what, seconds }: Command, revocations: Revocations): Promise<string> {
  const name = `${what.kind} ${what.id}`;
  if (action === 'undo') {
    return (await revocations.remove(what)) ? `No longer revoked: ${name}.` : `Was not revoked: ${name}.`;
  }
  await revocations.add(what, seconds);
  return `Revoked${seconds === undefined ? '' : ` for ${seconds} seconds`}: ${name}.`;
}

function readCommand(args: string[]): Command | 'help' {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  const undo = positionals[0] === 'undo';
  const [kind, id, seconds, ...others] = undo ? positionals.slice(1) : positionals;
  if (kind !== 'app' && kind !== 'token') throw new UsageError('Pass app or token.');
  if (!id) throw new UsageError(`Pass the id of the ${kind}.`);
  // Such an entry would never match, and look like a success.
  if (/^eyJ[\w-]*\./.test(id)) throw new UsageError('Pass the jti of the token, not the token.');
  if (others.length > 0 || (seconds !== undefined && (undo || kind === 'app'))) {
    throw new UsageError(`Unexpected argument "${others[0] ?? seconds}".`);
  }
  const what: Revocable = { kind, id };
  if (undo) return { action: 'undo', what };
  return { action: 'revoke', what, ...(seconds !== undefined && { seconds: readSeconds(seconds) }) };
}

function parse(args: string[]) {
  // After the first word, no argument is an option: a jti may begin with a hyphen.
  const literally = args[0]?.startsWith('-') ? args : ['--', ...args];
  const options = { help: { type: 'boolean', short: 'h' } } as const;
  try {
    return parseArgs({ args: literally, allowPositionals: true, options });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function readSeconds(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`"${text}" is not a number of seconds.`);
}
