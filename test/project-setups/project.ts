import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { install, npm, ownEnvironment } from './npm.js';

/** A small project of a user: a copy of one of the folders here, far from this repository, with what it installs. */
export class Project {
  readonly #elsewhere: string[] = [];

  private constructor(readonly folder: string) {}

  /** Installs and builds it. `packages` come on top of those in its package.json, or instead of them. */
  static async create(
    template: string,
    packages: readonly string[],
    prepare: (folder: string) => unknown = () => {},
  ): Promise<Project> {
    const project = new Project(mkdtempSync(join(tmpdir(), `${template}-`)));
    try {
      cpSync(fileURLToPath(new URL(template, import.meta.url)), project.folder, { recursive: true });
      await prepare(project.folder);
      await install(project.folder, packages);
      await npm(project.folder, ['run', 'build', '--if-present']);
      return project;
    } catch (error) {
      project.remove();
      throw error;
    }
  }

  /** What the project has of this package; undefined where it has none. */
  versionOf(name: string): string | undefined {
    const manifest = join(this.folder, 'node_modules', name, 'package.json');
    return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : undefined;
  }

  /**
   * Runs a program that the project has installed, or `node` itself, from a user's shell. Gives what it wrote.
   *
   * @throws Error with all that it wrote, where it fails
   */
  async run(
    [program = '', ...args]: readonly string[],
    { node = process.execPath, env = {} }: { node?: string; env?: Record<string, string> } = {},
  ): Promise<string> {
    const own = ownEnvironment();
    const script = program === 'node' ? [] : [join(this.folder, 'node_modules/.bin', program)];
    try {
      const { stdout, stderr } = await promisify(execFile)(node, [...script, ...args], {
        cwd: this.folder,
        env: { ...own, NO_COLOR: '1', PATH: `${dirname(node)}${delimiter}${own['PATH']}`, ...env },
        timeout: 120_000,
        maxBuffer: 2 ** 24,
      });
      return stdout + stderr;
    } catch (error) {
      const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
      throw new Error(`${message}\n${stdout}${stderr}`);
    }
  }

  /** A copy of one of its files where no package is found from. */
  alone(file: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'alone-'));
    this.#elsewhere.push(folder);
    const copy = join(folder, basename(file));
    copyFileSync(join(this.folder, file), copy);
    return copy;
  }

  remove(): void {
    for (const folder of this.#elsewhere) rmSync(folder, { recursive: true, force: true });
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Where a server is started, and with which arguments of Node's. */
export interface StartOptions {
  readonly cwd?: string;
  readonly execArgv?: readonly string[];
}

/** A server that runs, in a process of its own. */
export class Running {
  url = '';
  /** What it wrote to its standard error: warnings, for one. */
  complaints = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly ended: Promise<unknown>,
  ) {}

  static async start(
    node: string,
    file: string,
    env: Record<string, string>,
    { cwd, execArgv = [] }: StartOptions = {},
  ): Promise<Running> {
    const child = spawn(node, [...execArgv, file], {
      cwd,
      env: { ...ownEnvironment(), ...env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const running = new Running(child, once(child, 'close'));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      running.complaints += text;
    });
    let output = '';
    for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      output += text;
      const port = /http:\/\/localhost:(\d+)/.exec(output)?.[1];
      if (port === undefined) continue;
      child.stdout.resume();
      running.url = `http://127.0.0.1:${port}`;
      return running;
    }
    await running.ended;
    throw new Error(`${file} ended before it listened.\n${output}${running.complaints}`);
  }

  async get(path: string, token?: string): Promise<Answer> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(this.url + path, { headers });
    const challenge = response.headers.get('www-authenticate');
    const text = await response.text();
    // Of what is no JSON, the failing test shall show the text.
    const body: unknown = /^[[{]/.test(text) ? JSON.parse(text) : text;
    return { status: response.status, challenge, body };
  }

  async stop(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

export interface Answer {
  readonly status: number;
  readonly challenge: string | null;
  readonly body: unknown;
}
