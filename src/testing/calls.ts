import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { own } from '../util/own.js';

/** Functions that other processes may call by name, with JSON data as argument and result. */
export type Calls = Readonly<Record<string, (argument: unknown) => Promise<unknown>>>;

/**
 * Serves calls on loopback. The address contains a secret, so only processes that received it can call. The server
 * does not keep the process alive.
 *
 * @returns the address, for `call`
 */
export async function serveCalls(calls: Calls): Promise<string> {
  const secret = randomUUID();
  const server = createServer(async (req, res) => {
    const [, path, name = ''] = req.url?.split('/') ?? [];
    const run = path === secret ? own(calls, name) : undefined;
    if (run === undefined) {
      res.writeHead(404).end();
      return;
    }
    try {
      const result = await run(JSON.parse(await text(req)));
      res.end(JSON.stringify(result ?? null));
    } catch (error) {
      const isMistake = error instanceof TypeError;
      res.writeHead(isMistake ? 400 : 500).end((error as Error).message);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/${secret}`;
}

/**
 * Calls a function that another process serves. Does not use `fetch`, which some test environments remove.
 *
 * @throws TypeError if the function threw one; Error for any other failure
 */
export async function call(address: string, name: string, argument: unknown = null): Promise<unknown> {
  const sent = request(`${address}/${name}`, { method: 'POST', agent: false });
  sent.end(JSON.stringify(argument));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const result = await text(response);
  if (response.statusCode === 400) throw new TypeError(result);
  if (response.statusCode !== 200) throw new Error(`testLogto: ${name} failed: ${result}`);
  return JSON.parse(result);
}
