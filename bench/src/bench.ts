import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { NODES, programOf } from './lab/nodes.js';
import { buildRevision } from './lab/revision.js';
import { burst } from './measurements/burst.js';
import { cacheHit } from './measurements/cache-hit.js';
import { cluster } from './measurements/cluster.js';
import { firstRequest } from './measurements/first-request.js';
import { flood } from './measurements/flood.js';
import { growth } from './measurements/growth.js';
import { imports } from './measurements/imports.js';
import type { Measure, Scale, Section } from './measurements/measurement.js';
import { memory } from './measurements/memory.js';
import { newTokens } from './measurements/new-tokens.js';
import { refusals } from './measurements/refusals.js';
import { repeatedToken } from './measurements/repeated-token.js';
import { sameRules } from './measurements/same-rules.js';
import { suite } from './measurements/suite.js';
import { drawSvg } from './report/charts.js';
import {
  type Circumstances,
  renderDetails,
  renderSummary,
  renderTable,
  verdictTable,
} from './report/markdown.js';

const MEASUREMENTS: Record<string, Measure> = {
  rules: sameRules,
  repeated: repeatedToken,
  hit: cacheHit,
  new: newTokens,
  first: firstRequest,
  refusals,
  burst,
  flood,
  memory,
  growth,
  cluster,
  imports,
  suite,
};

const USAGE = `npm run bench [-- options]

Measures express-logto-m2m beside its peers and writes docs/benchmarks.md and docs/benchmarks/all.md with their charts. Takes about forty minutes.

  --against <rev> measures the package at another revision in the same rounds too: repeated, hit, new, first, refusals
  --only <name>   one measurement, and nothing is written: ${Object.keys(MEASUREMENTS).join(', ')}
  --quick         few readings, and nothing is written: tells whether the bench itself works
  --help`;

const { values } = parseArgs({
  options: {
    against: { type: 'string' },
    only: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(USAGE);
} else {
  // The processes that the bench starts inherit BENCH_AGAINST.
  const names = values.only ?? Object.keys(MEASUREMENTS);
  const unknown = names.filter((name) => !Object.hasOwn(MEASUREMENTS, name));
  if (unknown.length > 0) throw new Error(`There is no measurement ${unknown.join(', ')}.\n\n${USAGE}`);
  const against = values.against === undefined ? undefined : buildRevision(values.against);
  if (against !== undefined) process.env['BENCH_AGAINST'] = against.folder;
  const scale = { quick: values.quick, before: against === undefined ? [] : (['before'] as const) };
  const sections = await run(names, scale);
  if (values.only === undefined && !values.quick) await write(sections, against?.commit.slice(0, 7));
}

async function run(names: readonly string[], scale: Scale): Promise<Section[]> {
  const sections: Section[] = [];
  for (const name of names) {
    const measure = MEASUREMENTS[name] as Measure;
    const began = performance.now();
    const section = await measure(scale);
    sections.push(section);
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(`\n${section.title} (${seconds} s)\n`);
    for (const table of section.tables) console.log(`${renderTable(table)}\n`);
    if (section.verdicts.length > 0) console.log(renderTable(verdictTable(section.verdicts)));
  }
  const failed = sections.flatMap(({ verdicts }) => verdicts).filter(({ holds }) => holds === false);
  console.log(failed.length === 0 ? '\nEverything holds.' : `\n${failed.length} numbers do not hold.`);
  return sections;
}

async function write(sections: readonly Section[], against: string | undefined): Promise<void> {
  const docs = new URL('../../docs/', import.meta.url);
  mkdirSync(new URL('benchmarks/', docs), { recursive: true });
  for (const { name, spec } of sections.flatMap(({ charts = [] }) => charts)) {
    writeFileSync(new URL(`benchmarks/${name}.svg`, docs), await drawSvg(spec));
  }
  const circumstances: Circumstances = {
    date: new Date().toISOString().slice(0, 10),
    nodes: NODES.map((node) => execFileSync(programOf(node), ['--version']).toString().trim().slice(1)),
    packages: versions(),
    against,
  };
  writeFileSync(new URL('benchmarks.md', docs), renderSummary(sections, circumstances));
  writeFileSync(new URL('benchmarks/all.md', docs), renderDetails(sections, circumstances));
  console.log('Written: docs/benchmarks.md, docs/benchmarks/all.md');
}

/** Returns the installed versions of the measured packages. */
function versions(): Record<string, string> {
  const require = createRequire(import.meta.url);
  const { dependencies } = require('../package.json') as { dependencies: Record<string, string> };
  const tools = ['vega', 'vega-lite', 'lru-cache', ...NODES.map((node) => `node-${node}`)];
  const names = Object.keys(dependencies).filter((name) => !tools.includes(name));
  return Object.fromEntries(
    names.map((name) => {
      const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
      return [name, (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version];
    }),
  );
}
