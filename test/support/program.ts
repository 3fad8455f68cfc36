import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** In this folder, imports resolve to the installed packages, and the name of this package to its build. */
const programs = fileURLToPath(new URL('../../node_modules/.cache/programs', import.meta.url));
const preload = fileURLToPath(new URL('./free-ports.mjs', import.meta.url));

export interface ProgramOptions {
  readonly env?: Record<string, string>;
  /** `mjs` is an ES module, `cjs` is CommonJS. */
  readonly extension?: 'mjs' | 'cjs';
}

/** A program of a user of the package, in a separate process. */
export class Program {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #ended: Promise<unknown>;
  #port: number | undefined;
  /** Its output on stdout and stderr. */
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

  /** Waits until it listens, and returns its address. */
  async url(): Promise<string> {
    while (this.#port === undefined) {
      if (this.#process.exitCode !== null) throw new Error(`The program ended: ${this.output}`);
      await Promise.race([once(this.#process, 'message'), this.#ended]);
    }
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Waits until it exits by itself, and returns its exit code. */
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
