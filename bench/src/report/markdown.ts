import { cpus } from 'node:os';
import { DEFAULT_NODE } from '../lab/nodes.js';
import type { Row, Section, Table, Verdict } from '../measurements/measurement.js';

/** What the documents say of where it was measured. */
export interface Circumstances {
  readonly date: string;
  /** The versions of Node that were used, in full. */
  readonly nodes: readonly string[];
  readonly packages: Readonly<Record<string, string>>;
  /** The other revision that was measured. */
  readonly against: string | undefined;
}

const WRITTEN = '<!-- Written by `npm run bench`; changes are lost at the next run. -->';

/** The first page, for somebody who chooses a library. */
export function renderSummary(sections: readonly Section[], circumstances: Circumstances): string {
  const [chart] = sections.flatMap(({ charts = [] }) => charts);
  return [
    '# Benchmarks',
    '',
    WRITTEN,
    '',
    ...(chart === undefined ? [] : [`![${chart.alt}](benchmarks/${chart.name}.svg)`, '']),
    `Node ${DEFAULT_NODE} where no other is named; ES384, Logto’s default, where RS256 is not. "Requests" are those that a ` +
      'second of processor time answers.',
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

/** The second page: everything. */
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
      `Node is named it is ${DEFAULT_NODE}. A number is a median, with the middle half of all readings behind it. Machines ` +
      'are noisy: compare within this page, and run it on yours. `npm run bench -- --against <revision>` measures another ' +
      'revision of this package in the same rounds, and so tells what a change gained' +
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
    ...(bounds === undefined ? [] : [bounds, '']),
    ...charts.flatMap(({ name, alt }) => [`![${alt}](${name}.svg)`, '']),
    ...tables.flatMap((table) => [renderTable(table), '']),
  ];
}

export function renderTable({ columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}
