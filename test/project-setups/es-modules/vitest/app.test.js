import { test } from 'vitest';
import { suite } from '../suite.js';

await suite(test);
