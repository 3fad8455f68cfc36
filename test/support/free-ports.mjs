// Preloaded into programs under test: whatever port they listen on, they get a free one on loopback, and tell it to
// the test. So what stands in the documents runs as it stands, several at once.
import { Server } from 'node:net';

const { listen } = Server.prototype;

Server.prototype.listen = function (...args) {
  const done = args.findLast((arg) => typeof arg === 'function');
  this.once('listening', () => {
    if (process.connected) process.send({ port: this.address().port });
  });
  return listen.call(this, { port: 0, host: '127.0.0.1' }, done);
};
