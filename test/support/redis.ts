import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { reservedPort } from './ports.js';

/** A Redis server for tests, which can be killed, suspended and restarted on its port. */
export class Redis {
  /** Whether redis-server is not installed; the tests that need it are then skipped. */
  static readonly isMissing = spawnSync('redis-server', ['--version']).error !== undefined;
  static readonly #all: Redis[] = [];

  #process: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly settings: string[],
  ) {}

  static async start(...settings: string[]): Promise<Redis> {
    const server = new Redis(await reservedPort(), settings);
    Redis.#all.push(server);
    await server.restart();
    return server;
  }

  static async killAll(): Promise<void> {
    await Promise.all(Redis.#all.splice(0).map((server) => server.kill()));
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it without data, since nothing is written to the disk. */
  async restart(): Promise<void> {
    const options = { port: String(this.port), bind: '127.0.0.1', save: '', appendonly: 'no' };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
    const child = spawn('redis-server', [...args, ...this.settings], { cwd: tmpdir(), stdio: 'pipe' });
    this.#process = child;
    let output = '';
    for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      output += chunk;
      if (output.includes('Ready to accept connections')) {
        child.stdout.resume();
        return;
      }
    }
    throw new Error(`redis-server ended: ${output}`);
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Suspends it: the kernel still accepts connections, but commands get no response. */
  hang(): void {
    this.#process?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#process?.kill('SIGCONT');
  }
}
