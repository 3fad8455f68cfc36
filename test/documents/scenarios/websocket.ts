import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import WebSocket from 'ws';
import { compile } from '../../support/compile.js';
import { eventually } from '../../support/eventually.js';
import { APP, now } from '../../support/logto.js';
import { blocksOf } from '../../support/markdown.js';
import { Program } from '../../support/program.js';
import { ownIssuer } from '../../support/test-issuer.js';
import { type Ask, askAt, edit, expectRecipe } from '../recipe.js';
import { onStage, type Scenarios, type Stage } from '../scenario.js';

export const websocket: Scenarios = {
  websocket: async (code) => {
    await expectRecipe(code, { ask: askForSocket, accepted: 101 });
    await onStage(code, { language: 'ts' }, async (stage) => {
      expect((await stage.get('/')).status).toBe(426);
      await expectConversation(stage.url, await stage.token());
      await expectLongLife(stage);
    });
    await expectHangUpSurvived(code);
    // The server logs the messages that it receives, since a closing socket would send nothing.
    await onStage(edit(code, 'ws.send(', 'console.log('), { language: 'ts' }, expectEndWithToken);
  },

  'websocket-client': async (code) => {
    const server = blocksOf('docs/recipes/websocket.md').find(({ name }) => name === 'websocket')?.code ?? '';
    await onStage(server, { language: 'ts' }, async ({ url, token }) => {
      const client = new Program(compile(edit(code, 'ws://localhost:3100', url)), {
        env: { TOKEN: await token({ expiresIn: 6 }) },
      });
      expect(await client.end()).toBe(0);
      await client.stop();
      expect(client.output).toBe(`${APP}: hello\n1008 ${REASON}\n`);
    });
  },
};

const UPGRADE = [
  ...['Connection', 'Upgrade', 'Upgrade', 'websocket'],
  ...['Sec-WebSocket-Version', '13', 'Sec-WebSocket-Key', 'bm8gc2VjcmV0IGF0IGFsbA=='],
];

const askForSocket: Ask = (url, headers, method) => askAt(url, '/', [...UPGRADE, ...headers], method);

async function expectConversation(url: string, token: string): Promise<void> {
  const ws = await open(url, token);
  ws.send('hello');
  expect(String((await once(ws, 'message'))[0])).toBe(`${APP}: hello`);
  ws.terminate();
}

/** Expects the server to close the socket when the token expires, and to ignore later messages. */
async function expectEndWithToken({ url, token, program }: Stage): Promise<void> {
  const expiresAt = now() + 6;
  const caller = new StubbornCaller(url, await token({ claims: { exp: expiresAt } }));
  await eventually(() => expect(caller.received()).toMatch(/^HTTP\/1\.1 101 /));
  caller.send('before');
  await eventually(() => expect(program.output).toBe(`${APP}: before\n`));
  await eventually(() => expect(caller.received()).toContain(CLOSE));
  expect(Date.now()).toBeGreaterThanOrEqual(expiresAt * 1000);
  expect(Date.now()).toBeLessThan(expiresAt * 1000 + 1500);
  caller.send('after');
  await sleep(300);
  expect(program.output).toBe(`${APP}: before\n`);
  caller.socket.destroy();
}

/** Expects a socket with a token of two months to stay open, although timers cannot be that long. */
async function expectLongLife({ url, token }: Stage): Promise<void> {
  const ws = await open(url, await token({ expiresIn: 60 * 86_400 }));
  await sleep(300);
  expect(ws.readyState).toBe(WebSocket.OPEN);
  ws.terminate();
}

/** Expects the server to survive a caller who disconnects during the check. */
async function expectHangUpSurvived(code: string): Promise<void> {
  const issuer = await ownIssuer();
  const env = { LOGTO_ENDPOINT: issuer.endpoint };
  await onStage(code, { language: 'ts', env }, async ({ url }) => {
    const { held, release } = issuer.hold();
    const caller = new StubbornCaller(url, issuer.token());
    await eventually(() => expect(held).toHaveLength(1));
    caller.socket.resetAndDestroy();
    await sleep(300);
    release();
    await expectConversation(url, issuer.token());
  });
}

async function open(url: string, token: string): Promise<WebSocket> {
  const ws = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
  await once(ws, 'open');
  return ws;
}

const REASON = 'The access token has expired.';

/** The close frame in latin1, with its length, the code 1008 and the reason (RFC 6455 section 5.5.1). */
const CLOSE = `\x88${String.fromCharCode(REASON.length + 2)}\x03\xf0${REASON}`;

/** A WebSocket client that ignores the close frame and continues to send. */
class StubbornCaller {
  readonly socket: Socket;
  #received = '';

  constructor(url: string, token: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port), hostname);
    this.socket.setEncoding('latin1').on('data', (text: string) => {
      this.#received += text;
    });
    const lines = ['Host: localhost', `Authorization: Bearer ${token}`];
    for (let i = 0; i < UPGRADE.length; i += 2) lines.push(`${UPGRADE[i]}: ${UPGRADE[i + 1]}`);
    this.socket.write(['GET / HTTP/1.1', ...lines, '', ''].join('\r\n'));
  }

  /** Everything received so far, in latin1. */
  received(): string {
    return this.#received;
  }

  /** Sends a short text, masked with zeros (RFC 6455 section 5.2). */
  send(message: string): void {
    const head = Buffer.from([0x81, 0x80 | message.length, 0, 0, 0, 0]);
    this.socket.write(Buffer.concat([head, Buffer.from(message)]));
  }
}
