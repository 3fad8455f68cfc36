import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The example server with its stand-in for Logto, in a separate process. */
export interface Example {
  api: string;
  /** The issuer of the stand-in. */
  issuer: string;
  stop(): Promise<void>;
}

/** Starts the built example, as `npm run example` does, and waits for the last line of its start-up output. */
export async function startExample(port = 0): Promise<Example> {
  const { LOGTO_ENDPOINT, LOGTO_AUDIENCE, REDIS_URL, ...env } = process.env;
  const child = spawn(process.execPath, ['example-server/dist/main.js'], {
    cwd: root,
    env: { ...env, PORT: String(port), ISSUER_PORT: String(port && port + 1) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
  });
  await vi.waitFor(() => expect(output).toContain('Ctrl-C stops'), 30_000);
  const [api = '', issuer = ''] = output.match(/http:\S+/g) ?? [];
  return {
    api,
    issuer,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
