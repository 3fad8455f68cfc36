import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How long `stop` waits for current requests, in milliseconds. */
const patience = 10_000;

/** A running server. */
export interface RunningServer {
  url: string;
  /** Stops listening. Resolves when the current requests have their responses, or after ten seconds. */
  stop(): Promise<void>;
}

/** Serves an app. Port 0 selects a free one. */
export async function serve(app: RequestListener, port: number, host = '127.0.0.1'): Promise<RunningServer> {
  const server = createServer(app);
  server.listen(port, host);
  await once(server, 'listening');

  const { port: boundPort } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${boundPort}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      // A connection that is busy now would stay open for seconds after its response.
      const sweeping = setInterval(() => server.closeIdleConnections(), 100);
      const deadline = setTimeout(() => server.closeAllConnections(), patience);
      await closed;
      clearInterval(sweeping);
      clearTimeout(deadline);
    },
  };
}
