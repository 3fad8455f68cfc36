// A function as a cloud calls it: no socket, one event for each request.
const { handler } = require('./dist/app.js');

const event = (headers) => ({
  version: '2.0',
  rawPath: '/products',
  rawQueryString: '',
  headers,
  requestContext: { http: { method: 'GET', path: '/products' } },
});

async function main() {
  const tokens = JSON.parse(process.env.TOKENS);
  const headers = [...tokens.map((token) => ({ authorization: `Bearer ${token}` })), {}];
  const responses = await Promise.all(headers.map((one) => handler(event(one), {})));
  console.log(JSON.stringify(responses.map(({ statusCode }) => statusCode)));
  process.exit();
}

main();
