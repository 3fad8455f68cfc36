import setup from './setup.js';

// The import of this ES module also starts the Logto, for runners that support only `--import`.
await setup();

export default setup;
