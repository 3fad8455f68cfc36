import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { install, npm, ownEnvironment } from './npm.js';

/** A small project of a user: a copy of a template folder outside this repository, with its packages. */
export class Project {
  readonly #elsewhere: string[] = [];

  private constructor(readonly folder: string) {}

  /** Installs and builds the project. `packages` add to those in its package.json, or replace them. */
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

  /** The installed version of this package; undefined if it is not installed. */
  versionOf(name: string): string | undefined {
    const manifest = join(this.folder, 'node_modules', name, 'package.json');
    return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : undefined;
  }

  /**
   * Runs an installed program of the project, or `node`, as in the shell of a user. Returns its output.
   *
   * @throws Error with its output if it fails
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

  /** Copies one of its files to a folder from which no package can be resolved. */
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

/** The working directory and the Node arguments of a server. */
export interface StartOptions {
  readonly cwd?: string;
  readonly execArgv?: readonly string[];
}

/** A running server in a separate process. */
export class Running {
  url = '';
  /** Its output on stderr, such as warnings. */
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
    // If the body is not JSON, a failing test shows its text.
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
