import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import express, { type Express, type RequestHandler } from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { getAuth } from '../../src/index.js';
import { eventually } from '../support/eventually.js';
import { auth, errorHandler, handler, instance, issuer, logto } from '../support/guarded-app.js';

describe('over real connections', () => {
  const servers: Server[] = [];
  const unhandled = vi.fn();

  beforeEach(() => void process.on('unhandledRejection', unhandled));
  afterEach(async () => {
    process.off('unhandledRejection', unhandled);
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    }
    expect(unhandled).not.toHaveBeenCalled();
  });

  async function listen(app: Express): Promise<number> {
    const server = app.listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** Sends a request whose token waits for the keys, and disconnects before they arrive. */
  async function hangUp(app: Express, lines: readonly string[], body = ''): Promise<number> {
    const keys = issuer.hold();
    const closed = new Promise<void>((resolve) => {
      app.once('came', (res: express.Response) => res.once('close', resolve));
    });
    const port = await listen(app);
    const socket = connect(port, '127.0.0.1');
    socket.write([...lines, 'Host: localhost', '', body].join('\r\n'));
    await eventually(() => expect(keys.held).toHaveLength(1));
    socket.destroy();
    await closed;
    keys.release();
    return port;
  }

  /** An app that emits an event for each request. */
  function telling(): Express {
    const app = express();
    return app.use((_req, res, next) => {
      app.emit('came', res);
      next();
    });
  }

  it('a caller that disconnects during the token check causes no error, whatever the result is', async () => {
    const good = issuer.token();
    const insufficient = issuer.token({ claims: { scope: 'write:products' } });
    const forged = [...issuer.token().split('.').slice(0, 2), good.split('.')[2]].join('.');
    for (const token of [good, insufficient, forged]) {
      const { requireScopes } = instance({ endpoint: issuer.endpoint });
      const { handle, seen } = errorHandler();
      const app = telling().get('/', requireScopes('read:products'), handler).use(handle);
      const port = await hangUp(app, ['GET / HTTP/1.1', `Authorization: Bearer ${token}`]);
      // The next request uses the same keys.
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        headers: { authorization: `Bearer ${issuer.token()}` },
      });
      expect(response.status).toBe(200);
      expect(seen).toEqual([]);
    }
    // Three complete requests, and the valid one that disconnected, whose response is discarded.
    expect(handler).toHaveBeenCalledTimes(4);
  });

  it('a hundred concurrent requests over several mounts each get only their own token', async () => {
    /** Waits a while, so that all requests are active at the same time. */
    const slow: RequestHandler = async (req, res) => {
      const before = getAuth(req);
      await sleep(Math.random() * 20);
      const now = getAuth(req);
      res.json({ jti: now.jwtId, app: req.auth?.clientId, same: before === now && req.auth === now });
    };
    const app = express();
    const guard = auth.requireScopes('read:products');
    const router = express.Router().use(guard).get('/', slow);
    const sub = express().get('/', guard, slow);
    app.get('/route', guard, slow);
    app.use('/router', router);
    app.use('/sub', auth.authenticate(), sub);
    app.use('/used', guard, instance().authenticate(), slow);
    const url = `http://127.0.0.1:${await listen(app)}`;
    const paths = ['/route', '/router', '/sub', '/used'];
    const callers = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const id = `app-${i}`;
        const scopes = i % 5 === 0 ? 'write:products' : 'read:products';
        const token = await logto.issueToken({ clientId: id, scopes, claims: { jti: id } });
        return { id, token, path: paths[i % paths.length] as string, status: i % 5 === 0 ? 403 : 200 };
      }),
    );
    // Uncached tokens, then cached ones.
    for (const time of [1, 2]) {
      const responses = await Promise.all(
        callers.map(async ({ id, token, path }) => {
          const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
          const {
            error: _,
            error_description: __,
            scope: ___,
            ...seen
          } = (await response.json()) as Record<string, unknown>;
          return { time, id, status: response.status, ...seen };
        }),
      );
      expect(responses).toEqual(
        callers.map(({ id, status }) =>
          status === 200 ? { time, id, status, jti: id, app: id, same: true } : { time, id, status },
        ),
      );
    }
  });
});
