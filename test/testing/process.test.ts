import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const example = fileURLToPath(new URL('../../example-server', import.meta.url));

/** Runs a program with its own test Logto and a keep-alive connection to it, and returns its output. */
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

// Node closes idle connections after five seconds, but a server would keep the process alive for ever.
it.each([
  ['once it was stopped', 'await logto.stop();'],
  ['even if it was not stopped', ''],
])('a test Logto lets its process end %s', async (_when, then) => {
  expect(Number(await run(then))).toBeLessThan(2_000);
});
