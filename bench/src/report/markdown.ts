import { cpus } from 'node:os';
import type { Section, Table, Verdict } from '../measurements/measurement.js';

/** What the document says of where it was measured. */
export interface Circumstances {
  readonly date: string;
  readonly packages: Readonly<Record<string, string>>;
}

export function renderDocument(sections: readonly Section[], { date, packages }: Circumstances): string {
  const processors = cpus();
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return [
    '# Benchmarks',
    '',
    '<!-- Written by `npm run bench`; changes are lost at the next run. -->',
    '',
    `All of this is from one run of \`npm run bench\` on ${date}, with Node ${process.version.slice(1)} on ` +
      `${processors.length} processors (${processors[0]?.model.trim()}), the load on the same machine. A number is a ` +
      'median, with the range of all readings behind it. Machines are noisy: compare within this page, and run it on ' +
      'yours.',
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
    ...charts.flatMap(({ name, alt }) => [`![${alt}](benchmarks/${name}.svg)`, '']),
    ...tables.flatMap((table) => [renderTable(table), '']),
  ];
}

export function renderTable({ columns, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}
