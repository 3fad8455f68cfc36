import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { onTestFinished } from 'vitest';

/** Starts an HTTP proxy that opens tunnels (CONNECT, RFC 9110 section 9.3.6), for one test. */
export async function connectProxy(): Promise<{ url: string; tunnels: readonly string[] }> {
  const tunnels: string[] = [];
  const proxy = createServer().on('connect', (req, socket, head) => {
    tunnels.push(req.url ?? '');
    const { hostname, port } = new URL(`http://${req.url}`);
    const through = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      through.write(head);
      through.pipe(socket).pipe(through);
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, tunnels };
}
