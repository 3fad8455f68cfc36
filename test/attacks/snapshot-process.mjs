// An API that writes a snapshot of its heap to each file that its parent names. Arguments: the package's dist folder, the
// Logto, the audience, and 'keeping' where a handler keeps what no handler should.
import { pathToFileURL } from 'node:url';
import { writeHeapSnapshot } from 'node:v8';
import express from 'express';

const [dist, endpoint, audience, habit] = process.argv.slice(2);
const { createLogtoAuth } = await import(new URL('index.js', pathToFileURL(`${dist}/`)));

const { requireScopes } = createLogtoAuth({ endpoint, audience });
const kept = [];
const server = express()
  .get('/products', requireScopes('read:products'), (req, res) => {
    if (habit === 'keeping') kept.push(req.headers.authorization);
    res.json([]);
  })
  .listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));

// It collects garbage first.
process.on('message', (file) => process.send({ written: writeHeapSnapshot(file) }));
