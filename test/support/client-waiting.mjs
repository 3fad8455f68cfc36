// A program that has nothing to do but to wait for a token, which is given to it when it is asked for again.
import { createM2MClient } from 'express-logto-m2m/client';

let requests = 0;
const { token } = await createM2MClient({
  endpoint: 'https://tenant.logto.app',
  appId: 'app',
  appSecret: 'secret',
  resource: 'https://shopping.api',
  fetch: async () => {
    requests += 1;
    if (requests === 1) return new Response(null, { status: 503 });
    return Response.json({ access_token: 'a.b.c', token_type: 'Bearer', expires_in: 20 });
  },
}).getAccessToken();
console.log(token);
