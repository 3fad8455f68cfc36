// A program that is done, while its client asks for the next token ahead of time and gets none.
import { createM2MClient } from 'express-logto-m2m/client';

let requests = 0;
const client = createM2MClient({
  endpoint: 'https://tenant.logto.app',
  appId: 'app',
  appSecret: 'secret',
  resource: 'https://shopping.api',
  refreshBefore: 3600,
  fetch: async () => {
    requests += 1;
    if (requests > 1) return new Response(null, { status: 503 });
    return Response.json({ access_token: 'a.b.c', token_type: 'Bearer', expires_in: 20 });
  },
});
const now = Date.now;
await client.getAccessToken();
Date.now = () => now() + 11_000;
await client.getAccessToken();
const began = performance.now();
process.on('exit', () => console.log(JSON.stringify({ requests, waited: performance.now() - began })));
