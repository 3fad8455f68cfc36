import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AccessToken, AuthError, createLogtoAuth } from 'express-logto-m2m';

const { verify } = createLogtoAuth();

async function listProducts(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const bearer = req.headers.authorization?.replace(/^Bearer /, '') ?? '';
  try {
    const token: AccessToken = await verify(bearer, { scopes: ['read:products'] });
    // @ts-expect-error what was verified has no such member
    void token.client_id;
    res.end(JSON.stringify({ clientId: token.clientId }));
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    res.writeHead(error.status, error.headers).end(JSON.stringify(error));
  }
}

const server = createServer((req, res) => void listProducts(req, res));
server.listen(Number(process.env['PORT']), () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});
