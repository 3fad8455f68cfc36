import type { Facts, Narrator } from './narrator.js';
import type { Answer, Call, Stage } from './stage.js';
import type { Token, TokenRequest } from './tokens.js';

/** What the story says of a step, beside what is done in it. */
interface Told {
  heading: string;
  expected: Facts;
  why: string;
}

/** Does what the story says on the stage, and has the narrator tell what came of it. */
export class Teller {
  constructor(
    readonly stage: Stage,
    readonly narrator: Narrator,
  ) {}

  /** An app asks Logto for a token. */
  async ask(appName: string, request: TokenRequest, told: Told): Promise<Token> {
    const token = await this.stage.ask(appName, request);
    const { granted, text, claims } = token;
    const asked = { grant_type: 'client_credentials', ...request };
    const shown = {
      request: 'POST /oidc/token',
      asked: Object.entries(asked)
        .map(([name, value]) => `${name}=${value}`)
        .join(', '),
      granted,
      token: `${text.slice(0, 20)}…`,
      'its claims': spaced(claims),
    };
    this.narrator.step({ ...told, shown, came: { granted } });
    return token;
  }

  /** A program calls the API. */
  async call({ method, path, token, body, ...told }: Call & Told): Promise<Answer> {
    const answer = await this.stage.call({ method, path, body, ...(token && { token }) });
    const { status, statusText, challenge, denied } = answer;
    const shown = {
      request: `${method} ${path}`,
      token: token?.label ?? 'none',
      status: `${status} ${statusText}`,
      'WWW-Authenticate': challenge,
      body: answer.body === '' ? 'none' : shortened(spaced(JSON.parse(answer.body))),
      'operator sees': denied?.hint,
    };
    const came = {
      status,
      error: parameter(challenge, 'error'),
      scope: parameter(challenge, 'scope'),
      reason: denied?.reason,
    };
    this.narrator.step({ ...told, shown, came });
    return answer;
  }
}

/** A parameter of a challenge (RFC 6750 section 3). */
function parameter(challenge: string | undefined, name: string): string | undefined {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(challenge ?? '')?.[1];
}

/** JSON in one line, with spaces where a reader's eye and a line break want them. */
function spaced(value: unknown): string {
  return JSON.stringify(value, null, 1)
    .replace(/(?<=[{[])\n\s*|\n\s*(?=[}\]])/g, '')
    .replace(/\n\s*/g, ' ');
}

function shortened(text: string): string {
  return text.length > 180 ? `${text.slice(0, 180)}…` : text;
}
