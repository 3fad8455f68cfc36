import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import request, { type Response } from 'supertest';
import { exchange, type RawAnswer, rawRequest } from './raw-http.js';

/** Sends a GET with a bearer token. */
export function get(app: Express, path: string, token?: string): request.Test {
  const sent = request(app).get(path);
  return token === undefined ? sent : sent.set('Authorization', `Bearer ${token}`);
}

/** Sends a request with raw headers, which may be invalid. */
export async function sendRaw(app: Express, lines: readonly string[]): Promise<RawAnswer> {
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const answer = await exchange(port, rawRequest([...lines, 'Host: localhost', 'Connection: close']));
  server.closeAllConnections();
  server.close();
  return answer;
}

/** The status, challenge and body of a refusal as one value to compare. */
export function refusal({ status, headers, body }: Response) {
  return { status, challenge: headers['www-authenticate'], body };
}
