import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** From there imports find what this repository has installed, and the package itself by its name. */
const programs = fileURLToPath(new URL('../../node_modules/.cache/programs', import.meta.url));
const preload = fileURLToPath(new URL('./free-ports.mjs', import.meta.url));

export interface ProgramOptions {
  readonly env?: Record<string, string>;
  /** `cjs` for CommonJS. */
  readonly extension?: 'mjs' | 'cjs';
}

/** A program of somebody who has installed the package, in a process of its own. */
export class Program {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #ended: Promise<unknown>;
  #port: number | undefined;
  /** What it wrote, to either stream. */
  output = '';

  constructor(code: string, { env = {}, extension = 'mjs' }: ProgramOptions = {}) {
    mkdirSync(programs, { recursive: true });
    this.#folder = mkdtempSync(join(programs, 'program-'));
    const file = join(this.#folder, `main.${extension}`);
    writeFileSync(file, code);
    const { LOGTO_ENDPOINT, LOGTO_AUDIENCE, ...own } = process.env;
    this.#process = fork(file, {
      cwd: this.#folder,
      execArgv: ['--import', preload],
      env: { ...own, ...env },
      silent: true,
    });
    this.#ended = once(this.#process, 'exit');
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    this.#process.on('message', ({ port }: { port: number }) => {
      this.#port = port;
    });
  }

  /** Its address, once it listens. */
  async url(): Promise<string> {
    while (this.#port === undefined) {
      if (this.#process.exitCode !== null) throw new Error(`The program ended: ${this.output}`);
      await Promise.race([once(this.#process, 'message'), this.#ended]);
    }
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Waits until it ends by itself. Gives its exit code. */
  async end(): Promise<number | null> {
    this.#process.disconnect();
    await this.#ended;
    return this.#process.exitCode;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGKILL');
      await this.#ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
