#!/usr/bin/env node
import { setTimeout } from 'node:timers/promises';
import { main } from './main.js';

const { argv, env, stdin, stdout, stderr } = process;
const code = await main(argv.slice(2), { env, stdin, stdout, stderr, pause: setTimeout });
// Without this, Node waits for connections that are no longer needed.
process.exit(code);
