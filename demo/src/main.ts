import { Printer } from './printer.js';
import { Runner } from './runner.js';
import { runScenario } from './scenario.js';
import { Servers } from './servers.js';

const { stdout, env } = process;
const printer = new Printer({
  print: console.log,
  colours: stdout.isTTY && !env['NO_COLOR'],
  width: Math.min(stdout.columns ?? 100, 110),
});

const servers = await Servers.start();
try {
  await runScenario(new Runner(servers, printer));
} catch (error) {
  printer.stop(error);
} finally {
  await servers.close();
}
process.exitCode = printer.summary() ? 0 : 1;
