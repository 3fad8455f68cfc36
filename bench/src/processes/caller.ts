import { Agent, get } from 'node:http';
import { answerParent } from '../lab/child.js';

/** One valid caller: one connection, and one request after another with a short pause between them. */
export type Caller = {
  /** Returns the duration of each request, in milliseconds. */
  call(job: { port: number; token: string; seconds: number }): Promise<number[]>;
};

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

answerParent({
  async call({ port, token, seconds }) {
    const latencies: number[] = [];
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      latencies.push(await once(port, token));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return latencies;
  },
} satisfies Caller);

function once(port: number, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    get({ port, host: '127.0.0.1', path: '/products', agent, headers: { authorization: `Bearer ${token}` } })
      .on('error', reject)
      .on('response', (res) => {
        if (res.statusCode !== 200) reject(new Error(`The good caller got ${res.statusCode}.`));
        res.resume().on('end', () => resolve(performance.now() - began));
      });
  });
}
