import { randomBytes } from 'node:crypto';
import autocannon from 'autocannon';
import { answerParent } from '../lab/child.js';

/** Sends requests from a separate process. */
export type Load = {
  /** Sends requests with the same token. Returns the requests per second. */
  repeat(job: { port: number; token: string; connections: number; count: number }): Promise<number>;
  /** Sends each token once. Returns the requests per second. */
  each(job: { port: number; tokens: readonly string[]; connections: number }): Promise<number>;
  /** Sends different well-formed tokens, all with a wrong signature. Returns the requests per second. */
  forged(job: { port: number; token: string; connections: number; seconds: number }): Promise<number>;
};

const route = (port: number) => `http://127.0.0.1:${port}/products`;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

answerParent({
  async repeat({ port, token, connections, count }) {
    const load = await send({ url: route(port), headers: bearer(token), connections, amount: count });
    expectAll(load.result, '2xx');
    return load.rate;
  },

  async each({ port, tokens, connections }) {
    let next = 0;
    const load = await send({
      url: route(port),
      connections,
      amount: tokens.length,
      requests: [
        {
          setupRequest: (request) => {
            const token = tokens[next % tokens.length] as string;
            next += 1;
            return { ...request, headers: { ...request.headers, ...bearer(token) } };
          },
        },
      ],
    });
    expectAll(load.result, '2xx');
    return load.rate;
  },

  async forged({ port, token, connections, seconds }) {
    const [header, , signature] = token.split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString());
    const length = Buffer.from(signature, 'base64url').length;
    const forge = () => {
      const payload = Buffer.from(JSON.stringify({ ...claims, jti: randomBytes(16).toString('base64url') }));
      return `${header}.${payload.toString('base64url')}.${randomBytes(length).toString('base64url')}`;
    };
    const load = await send({
      url: route(port),
      connections,
      duration: seconds,
      requests: [
        { setupRequest: (request) => ({ ...request, headers: { ...request.headers, ...bearer(forge()) } }) },
      ],
    });
    expectAll(load.result, '4xx');
    return load.rate;
  },
} satisfies Load);

/**
 * Runs autocannon. It counts in whole seconds, so the rate is calculated from the times of the first and the last
 * response.
 */
function send(options: autocannon.Options): Promise<{ rate: number; result: autocannon.Result }> {
  return new Promise((resolve, reject) => {
    let count = 0;
    let first = 0;
    let last = 0;
    const run = autocannon({ ...options, sampleInt: 20 }, (error, result) => {
      if (error) reject(error);
      else resolve({ rate: ((count - 1) / (last - first)) * 1000, result });
    });
    run.on('response', () => {
      last = performance.now();
      if (count === 0) first = last;
      count += 1;
    });
  });
}

function expectAll(result: autocannon.Result, kind: '2xx' | '4xx'): void {
  const { errors, timeouts } = result;
  const others = result['1xx'] + result['2xx'] + result['3xx'] + result['4xx'] + result['5xx'] - result[kind];
  if (errors + timeouts + others === 0 && result[kind] > 0) return;
  throw new Error(
    `Expected ${kind} alone: ${JSON.stringify({ [kind]: result[kind], others, errors, timeouts })}`,
  );
}
