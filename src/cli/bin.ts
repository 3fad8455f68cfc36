#!/usr/bin/env node
import { setTimeout } from 'node:timers/promises';
import { main } from './main.js';

const { argv, env, stdout, stderr } = process;
const code = await main(argv.slice(2), {
  env,
  stdout,
  stderr,
  pause: setTimeout,
  // Read on demand, since Node opens stdin then.
  get stdin() {
    return process.stdin;
  },
});
// Without this, Node waits for connections that are no longer needed.
process.exit(code);
