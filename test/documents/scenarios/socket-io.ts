import { io, type Socket } from 'socket.io-client';
import { expect } from 'vitest';
import { compile } from '../../support/compile.js';
import { APP, now } from '../../support/logto.js';
import { blocksOf } from '../../support/markdown.js';
import { Program } from '../../support/program.js';
import { edit } from '../recipe.js';
import { onStage, type Scenarios, type Stage } from '../scenario.js';

type Options = Parameters<typeof io>[1];

/** Opens a connection, and returns `connected` or the error message as the outcome. */
async function connection(url: string, options: Options): Promise<{ socket: Socket; outcome: string }> {
  const socket = io(url, { reconnection: false, forceNew: true, ...options });
  const outcome = await new Promise<string>((resolve) => {
    socket.once('connect', () => resolve('connected'));
    socket.once('connect_error', ({ message }) => resolve(message));
  });
  return { socket, outcome };
}

/** Expects both transports to accept only valid tokens, and the connection to end when the token expires. */
async function expectGuarded(
  { url, token, program }: Stage,
  by: (token?: string) => Options,
  refused: RegExp,
) {
  for (const transports of [['polling'], ['websocket']]) {
    const begin = async (sent?: string) => {
      const { socket, outcome } = await connection(url, { ...by(sent), transports });
      socket.close();
      return outcome;
    };
    expect(await begin()).toMatch(refused);
    expect(await begin('junk')).toMatch(refused);
    expect(await begin(await token({ scopes: 'write:products' }))).toMatch(refused);
    expect(await begin(await token())).toBe('connected');
  }
  const { socket } = await connection(url, by(await token({ claims: { exp: now() + 6 } })));
  expect(await socket.emitWithAck('price', 'tea')).toBe(`tea for ${APP}`);
  const reason = await new Promise((resolve) => socket.once('disconnect', resolve));
  expect(reason).toMatch(/^(io server disconnect|transport close)$/);
  expect(program.output).toBe('');
}

const byHeader = (token?: string): Options =>
  token === undefined ? {} : { extraHeaders: { authorization: `Bearer ${token}` } };
const byPacket = (token?: string): Options => (token === undefined ? {} : { auth: { token } });

export const socketIo: Scenarios = {
  'socket-io': (code) =>
    onStage(code, { language: 'ts' }, (stage) =>
      expectGuarded(stage, byHeader, /^(xhr poll|websocket) error$/),
    ),

  'socket-io-verify': (code) => {
    const withAnother = edit(code, 'server.listen', "io.of('/admin');\nserver.listen");
    return onStage(withAnother, { language: 'ts' }, async (stage) => {
      await expectGuarded(stage, byPacket, /^(This API|The access token)/);
      const { socket, outcome } = await connection(`${stage.url}/admin`, {});
      socket.close();
      expect(outcome).toMatch(/^This API/);
    });
  },

  'socket-io-client': async (code) => {
    const server = blocksOf('docs/recipes/socket-io.md').find(({ name }) => name === 'socket-io')?.code ?? '';
    await onStage(server, { language: 'ts' }, async ({ url, token }) => {
      const own = edit(
        edit(code, 'http://localhost:3100', url),
        'extraHeaders',
        'reconnection: false, extraHeaders',
      );
      const client = new Program(compile(own), {
        env: { TOKEN: await token({ claims: { exp: now() + 6 } }) },
      });
      expect(await client.end()).toBe(0);
      await client.stop();
      expect(client.output).toMatch(new RegExp(`^tea for ${APP}\n(io server disconnect|transport close)\n$`));
    });
  },
};
