import setup from './setup.js';

// The ES module starts it when it is imported, too, for runners that have no more than `--import`.
await setup();

export default setup;
