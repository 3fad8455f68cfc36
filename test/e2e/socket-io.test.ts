import { io } from 'socket.io-client';
import { expect, it } from 'vitest';
import { compile } from '../support/compile.js';
import { forgedToken, ownLogto, readingToken } from '../support/logto.js';
import { Program } from '../support/program.js';

/** A common way to use a guard in Socket.IO, where no response object exists. */
const SERVER = `
  import { createServer } from 'node:http';
  import { requireScopes } from 'express-logto-m2m';
  import { Server } from 'socket.io';
  const server = createServer();
  const guard = requireScopes('read:products');
  new Server(server).use((socket, next) => guard(socket.request as never, {} as never, next as never));
  server.listen(3100);`;

it('a guard in a Socket.IO middleware refuses with an error and never ends the process', async () => {
  const logto = await ownLogto();
  const program = new Program(compile(SERVER), {
    env: { LOGTO_ENDPOINT: logto.endpoint, LOGTO_AUDIENCE: logto.audience },
  });
  const url = await program.url();
  const outcomeFor = async (token?: string) => {
    const extraHeaders = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const socket = io(url, { extraHeaders, reconnection: false, forceNew: true });
    const outcome = await new Promise<string>((resolve) => {
      socket.once('connect', () => resolve('connected'));
      socket.once('connect_error', ({ message }) => resolve(message));
    });
    socket.close();
    return outcome;
  };
  for (const token of [undefined, undefined, 'junk', await forgedToken(logto), await logto.issueToken()]) {
    expect(await outcomeFor(token)).toMatch(
      /^(This API needs an access token|The (signature of the )?access token)/,
    );
  }
  expect(await outcomeFor(await readingToken(logto))).toBe('connected');
  await program.stop();
  expect(program.output).toBe('');
});
