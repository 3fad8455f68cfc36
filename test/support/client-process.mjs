// One of several replicas: gets a token when it is told to, and sends it to the test.
import KeyvRedis from '@keyv/redis';
import { createM2MClient } from 'express-logto-m2m/client';
import Keyv from 'keyv';

const [url, options] = process.argv.slice(2);
const store = new Keyv(new KeyvRedis(url));
await store.get('connected');
const client = createM2MClient({ ...JSON.parse(options), store });
process.on('message', async () => {
  const { token } = await client.getAccessToken();
  process.send(token);
});
process.send('ready');
