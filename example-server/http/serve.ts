import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How long requests may take to finish once the server is to stop, in milliseconds. */
const patience = 10_000;

/** A server that listens. */
export interface RunningServer {
  url: string;
  /** Stops listening and resolves when the requests under way have been answered, or after ten seconds. */
  stop(): Promise<void>;
}

/** Serves an app; on port 0 that is a free one. */
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
      // A connection that is busy now would be kept alive for seconds after its answer.
      const sweeping = setInterval(() => server.closeIdleConnections(), 100);
      const deadline = setTimeout(() => server.closeAllConnections(), patience);
      await closed;
      clearInterval(sweeping);
      clearTimeout(deadline);
    },
  };
}
