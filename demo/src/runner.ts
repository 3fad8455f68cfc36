import type { Facts, Printer } from './printer.js';
import type { Answer, Call, Servers } from './servers.js';
import type { Token, TokenRequest } from './tokens.js';

/** What is printed with a step, and its expected facts. */
interface Expectation {
  heading: string;
  expected: Facts;
  why: string;
}

/** Runs steps against the servers, and prints their results. */
export class Runner {
  constructor(
    readonly servers: Servers,
    readonly printer: Printer,
  ) {}

  /** An app requests a token from Logto. */
  async ask(appName: string, request: TokenRequest, expectation: Expectation): Promise<Token> {
    const token = await this.servers.ask(appName, request);
    const { granted, text, claims } = token;
    const parameters = { grant_type: 'client_credentials', ...request };
    const shown = {
      request: 'POST /oidc/token',
      parameters: Object.entries(parameters)
        .map(([name, value]) => `${name}=${value}`)
        .join(', '),
      granted,
      token: `${text.slice(0, 20)}…`,
      'its claims': spaced(claims),
    };
    this.printer.step({ ...expectation, shown, received: { granted } });
    return token;
  }

  /** A program calls the API. */
  async call({ method, path, token, body, ...expectation }: Call & Expectation): Promise<Answer> {
    const answer = await this.servers.call({ method, path, body, ...(token && { token }) });
    const { status, statusText, challenge, denied } = answer;
    const shown = {
      request: `${method} ${path}`,
      token: token?.label ?? 'none',
      status: `${status} ${statusText}`,
      'WWW-Authenticate': challenge,
      body: answer.body === '' ? 'none' : shortened(spaced(JSON.parse(answer.body))),
      'operator sees': denied?.hint,
    };
    const received = {
      status,
      error: parameter(challenge, 'error'),
      scope: parameter(challenge, 'scope'),
      reason: denied?.reason,
    };
    this.printer.step({ ...expectation, shown, received });
    return answer;
  }
}

/** A parameter of a challenge (RFC 6750 section 3). */
function parameter(challenge: string | undefined, name: string): string | undefined {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(challenge ?? '')?.[1];
}

/** JSON in one line, with spaces at which a line can be broken. */
function spaced(value: unknown): string {
  return JSON.stringify(value, null, 1)
    .replace(/(?<=[{[])\n\s*|\n\s*(?=[}\]])/g, '')
    .replace(/\n\s*/g, ' ');
}

function shortened(text: string): string {
  return text.length > 180 ? `${text.slice(0, 180)}…` : text;
}
