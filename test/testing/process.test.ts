import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const example = fileURLToPath(new URL('../../example-server', import.meta.url));

/** Runs a program that has a Logto of its own, with a connection kept alive to it. Gives what it wrote. */
async function run(then: string): Promise<string> {
  const code = `
    import { createLogtoAuth } from 'express-logto-m2m';
    import { startTestLogto } from 'express-logto-m2m/testing';
    const logto = await startTestLogto();
    const auth = createLogtoAuth({ endpoint: logto.endpoint, audience: logto.audience });
    await auth.verify(await logto.issueToken());
    ${then}
    const began = performance.now();
    process.on('exit', () => console.log(Math.round(performance.now() - began)));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], {
    cwd: example,
    timeout: 20_000,
  });
  return stdout.trim();
}

// Node closes an idle connection after five seconds by itself; a server would hold the process for ever.
it.each([
  ['once it is stopped', 'await logto.stop();'],
  ['where nobody has stopped it', ''],
])('lets a process end by itself %s', async (_when, then) => {
  expect(Number(await run(then))).toBeLessThan(2_000);
});
