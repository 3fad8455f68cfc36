import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install, npm, ownEnvironment } from './npm.js';

/** A small project of a user: a copy of one of the folders here, far from this repository, with what it installs. */
export class Project {
  private constructor(readonly folder: string) {}

  /** Installs and builds it. `packages` come on top of those in its package.json, or instead of them. */
  static async create(template: string, packages: readonly string[]): Promise<Project> {
    const project = new Project(mkdtempSync(join(tmpdir(), `${template}-`)));
    try {
      cpSync(fileURLToPath(new URL(template, import.meta.url)), project.folder, { recursive: true });
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

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
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

  static async start(node: string, file: string, env: Record<string, string>): Promise<Running> {
    const child = spawn(node, [file], {
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
