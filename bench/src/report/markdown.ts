import { cpus } from 'node:os';
import { DEFAULT_NODE } from '../lab/nodes.js';
import type { Row, Section, Table, Verdict } from '../measurements/measurement.js';

/** The circumstances of the measurements, as the documents state them. */
export interface Circumstances {
  readonly date: string;
  /** The full versions of Node that were used. */
  readonly nodes: readonly string[];
  readonly packages: Readonly<Record<string, string>>;
  /** The other measured revision; undefined if there is none. */
  readonly against: string | undefined;
}

const WRITTEN = '<!-- Written by `npm run bench`; changes are lost at the next run. -->';

/** Returns the first page, for readers who choose a library. */
export function renderSummary(sections: readonly Section[], circumstances: Circumstances): string {
  const [chart] = sections.flatMap(({ charts = [] }) => charts);
  return [
    '# Benchmarks',
    '',
    WRITTEN,
    '',
    ...(chart === undefined ? [] : [`![${chart.alt}](benchmarks/${chart.name}.svg)`, '']),
    `Where a row names no Node, it is Node ${DEFAULT_NODE}; where it names no algorithm, it is ES384, Logto’s default. ` +
      'Requests are counted per second of processor time.',
    '',
    renderTable(summaryTable(sections.flatMap(({ rows = [] }) => rows))),
    '',
    `Measured on ${circumstances.date}, all in one run of \`npm run bench\`: [how, what else, and what must hold](benchmarks/all.md).`,
    '',
  ].join('\n');
}

function summaryTable(rows: readonly Row[]): Table {
  return {
    columns: ['', 'express-logto-m2m', 'best peer', 'sample of Logto’s docs'],
    rows: rows.map(({ what, ours, best, sample }) => [what, ours, best, sample]),
  };
}

/** Returns the second page, with all results. */
export function renderDetails(
  sections: readonly Section[],
  { date, nodes, packages, against }: Circumstances,
): string {
  const processors = cpus();
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return [
    '# All benchmarks',
    '',
    WRITTEN,
    '',
    `All of this is from one run of \`npm run bench\` on ${date}, with Node ${nodes.join(', ')}, on ` +
      `${processors.length} processors (${processors[0]?.model.trim()}), the load on the same machine. Where no version of ` +
      `Node is named it is ${DEFAULT_NODE}. A number is the median; the range in brackets holds the middle half of the ` +
      'readings. Results differ between machines: compare numbers of this page only. `npm run bench -- --against ' +
      '<revision>` measures another revision of this package in the same rounds too' +
      (against === undefined ? '.' : `; here it is "before", at ${against}.`),
    '',
    `Measured: ${versions.join(', ')}.`,
    '',
    '## What must hold',
    '',
    renderTable(verdictTable(sections.flatMap(({ verdicts }) => verdicts))),
    '',
    ...sections.flatMap(renderSection),
  ].join('\n');
}

export function verdictTable(verdicts: readonly Verdict[]): Table {
  const rows = verdicts.map(({ claim, seen, holds }) => [
    claim,
    seen,
    holds === undefined ? '' : holds ? 'holds' : '**does not hold**',
  ]);
  return { columns: ['', 'seen', ''], rows };
}

function renderSection({ title, how, bounds, tables, charts = [] }: Section): string[] {
  return [
    `## ${title}`,
    '',
    how,
    '',
    ...(bounds === undefined ? [] : [`From experiments outside this run: ${bounds}`, '']),
    ...charts.flatMap(({ name, alt }) => [`![${alt}](${name}.svg)`, '']),
    ...tables.flatMap((table) => [renderTable(table), '']),
  ];
}

export function renderTable({ columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}
