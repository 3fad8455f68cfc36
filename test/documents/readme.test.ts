import { spawnSync } from 'node:child_process';
import { PAGES } from '../support/markdown.js';
import { Redis } from '../support/redis.js';
import { runBlocks } from './run-blocks.js';
import { readme } from './scenarios/readme.js';

const redisIsMissing = Redis.isMissing ? 'redis-server is not installed' : undefined;
const curlIsMissing = spawnSync('curl', ['--version']).error !== undefined;

runBlocks(
  PAGES.filter((page) => !/^docs\/(recipes\/|migrating|testing)/.test(page)),
  readme,
  {
    store: redisIsMissing,
    'calling-store': redisIsMissing,
    'ask-curl': curlIsMissing ? 'curl is not installed' : undefined,
  },
);
