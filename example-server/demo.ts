import { Narrator } from './demo/narrator.js';
import { openStage } from './demo/stage.js';
import { tellStory } from './demo/story.js';
import { Teller } from './demo/teller.js';

const { stdout, env } = process;
const narrator = new Narrator({
  print: console.log,
  colours: stdout.isTTY && !env['NO_COLOR'],
  width: Math.min(stdout.columns ?? 100, 110),
});

const stage = await openStage();
try {
  await tellStory(new Teller(stage, narrator));
} catch (error) {
  narrator.breakOff(error);
} finally {
  await stage.close();
}
process.exitCode = narrator.summary() ? 0 : 1;
