import { spawnSync } from 'node:child_process';
import { PAGES } from '../support/markdown.js';
import { Redis } from '../support/redis.js';
import { runBlocks } from './run-blocks.js';
import { readme } from './scenarios/readme.js';

const curlIsMissing = spawnSync('curl', ['--version']).error !== undefined;

runBlocks(
  PAGES.filter((page) => !/^docs\/(recipes\/|migrating)/.test(page)),
  readme,
  {
    store: Redis.isMissing ? 'redis-server is not installed' : undefined,
    'ask-curl': curlIsMissing ? 'curl is not installed' : undefined,
  },
);
