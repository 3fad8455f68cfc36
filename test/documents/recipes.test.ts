import { PAGES } from '../support/markdown.js';
import { runBlocks } from './run-blocks.js';
import { recipes } from './scenarios/recipes.js';

runBlocks(
  PAGES.filter((page) => page.startsWith('docs/recipes/')),
  recipes,
);
