import { expect } from 'vitest';
import type { TestLogto, TestTokenOptions } from '../../src/testing/index.js';
import { compile } from '../support/compile.js';
import { ownLogto, readingToken } from '../support/logto.js';
import { Program, type ProgramOptions } from '../support/program.js';

/** Runs one block of a page, and fails if the block does not do what the page says. */
export type Scenario = (code: string) => Promise<void>;

export type Scenarios = Readonly<Record<string, Scenario>>;

/** The resources of a scenario: the running program and the Logto that it trusts. */
export interface Stage {
  readonly url: string;
  readonly logto: TestLogto;
  readonly program: Program;
  /** Issues a token with `read:products`; the options override this. */
  token(options?: TestTokenOptions): Promise<string>;
  /** Sends a GET request, with this token if given. */
  get(path: string, token?: string): Promise<Response>;
}

export interface StageOptions extends ProgramOptions {
  /** `js` runs unchanged, `ts` is type-checked and compiled first. */
  readonly language: 'js' | 'ts';
}

/** Runs the code as a server, with LOGTO_ENDPOINT and LOGTO_AUDIENCE set for a new Logto. */
export async function onStage(
  code: string,
  { language, env = {}, ...options }: StageOptions,
  play: (stage: Stage) => Promise<void>,
): Promise<void> {
  const logto = await ownLogto();
  const program = new Program(language === 'ts' ? compile(code, options.extension) : code, {
    env: { LOGTO_ENDPOINT: logto.endpoint, LOGTO_AUDIENCE: logto.audience, ...env },
    ...options,
  });
  try {
    const url = await program.url();
    const token = (wanted?: TestTokenOptions) => readingToken(logto, wanted);
    const get = (path: string, bearer?: string) =>
      fetch(url + path, { headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` } });
    await play({ url, logto, program, token, get });
  } finally {
    await program.stop();
  }
}

/** Expects a route to accept a token with the permission and to refuse all other requests. */
export async function expectProtected({ get, token }: Stage, path: string): Promise<void> {
  const good = await get(path, await token());
  expect({ status: good.status, text: await good.text() }).toMatchObject({ status: 200 });
  const statuses = {
    none: (await get(path)).status,
    junk: (await get(path, 'junk')).status,
    expired: (await get(path, await token({ claims: { exp: 1_700_000_000 } }))).status,
    other: (await get(path, await token({ audience: 'https://other.api' }))).status,
    insufficient: (await get(path, await token({ scopes: 'write:products' }))).status,
  };
  expect(statuses).toEqual({ none: 401, junk: 401, expired: 401, other: 401, insufficient: 403 });
  const refused = await get(path, await token({ scopes: 'write:products' }));
  expect(refused.headers.get('www-authenticate')).toMatch(
    /^Bearer realm="[^"]+", scope="read:products", error="insufficient_scope"/,
  );
  expect(await refused.json()).toMatchObject({ error: 'insufficient_scope' });
}
