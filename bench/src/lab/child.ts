import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { DEFAULT_NODE, type Node, programOf } from './nodes.js';

export interface ChildOptions {
  readonly args?: readonly string[];
  /** Node's own options. */
  readonly execArgv?: readonly string[];
  readonly node?: Node | undefined;
}

interface Question {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

interface Answer {
  readonly id: number;
  readonly output?: unknown;
  readonly error?: string;
}

/** A separate process that answers questions, so that the measured code and the measuring code share no thread. */
export class Child<Questions extends { [name in keyof Questions]: (input: never) => unknown }> {
  readonly #process: ChildProcess;
  #lastId = 0;

  /** @param script - the name of a script in the folder `processes` */
  constructor(script: string, { args = [], execArgv = [], node = DEFAULT_NODE }: ChildOptions = {}) {
    const file = fileURLToPath(new URL(`../processes/${script}.js`, import.meta.url));
    this.#process = fork(file, args, {
      execPath: programOf(node),
      execArgv: [...execArgv],
      env: { ...process.env, NODE_ENV: 'production' },
    });
    this.#process.setMaxListeners(0);
  }

  /** Runs a function in the process, and returns its result. @throws Error if it threw there, or the process ended */
  async ask<Name extends keyof Questions & string>(
    name: Name,
    input: Parameters<Questions[Name]>[0],
  ): Promise<Awaited<ReturnType<Questions[Name]>>> {
    this.#lastId += 1;
    const question: Question = { id: this.#lastId, name, input };
    const answer = new Promise<Answer>((resolve, reject) => {
      const done = () => {
        this.#process.off('message', onMessage).off('exit', onExit);
      };
      const onMessage = (message: Answer) => {
        if (message.id !== question.id) return;
        done();
        resolve(message);
      };
      const onExit = (code: number | null) => {
        done();
        reject(new Error(`The process asked for ${name} ended with ${code}.`));
      };
      this.#process.on('message', onMessage).on('exit', onExit);
    });
    this.#process.send(question);
    const { output, error } = await answer;
    if (error !== undefined) throw new Error(error);
    return output as Awaited<ReturnType<Questions[Name]>>;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill();
    await ended;
  }
}

/** Called in the process: answers the parent's questions with these functions. */
export function answerParent(functions: Record<string, (input: never) => unknown>): void {
  process.on('message', async ({ id, name, input }: Question) => {
    const answer: Answer = await (async () => functions[name]?.(input as never))().then(
      (output) => ({ id, output }),
      (error: Error) => ({ id, error: `${name}: ${error.stack ?? error}` }),
    );
    process.send?.(answer);
  });
  process.on('disconnect', () => process.exit());
}
