import { once } from 'node:events';
import { connect } from 'node:net';
import type { Express } from 'express';
import request, { type Response } from 'supertest';

/** Sends a GET with a bearer token. */
export function get(app: Express, path: string, token?: string): request.Test {
  const sent = request(app).get(path);
  return token === undefined ? sent : sent.set('Authorization', `Bearer ${token}`);
}

/** Sends raw bytes, for headers that no client would send, and gives the status line and what follows it. */
export async function sendRaw(
  app: Express,
  lines: readonly string[],
): Promise<{ status: number; text: string }> {
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const socket = connect(address.port, '127.0.0.1');
  socket.end(Buffer.from([...lines, 'Host: localhost', 'Connection: close', '', ''].join('\r\n'), 'latin1'));
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  server.closeAllConnections();
  server.close();
  const text = Buffer.concat(chunks).toString('latin1');
  return { status: Number(text.split(' ')[1]), text };
}

/** The whole of a refusal, as one value to compare. */
export function refusal({ status, headers, body }: Response) {
  return { status, challenge: headers['www-authenticate'], body };
}
