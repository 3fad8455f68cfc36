import type { RecordableHistogram } from 'node:perf_hooks';
import { growth } from './heap.js';
import { firstTries, type Rotations, slowest } from './rotations.js';
import { keyTimes } from './settings.js';
import type { Run } from './verdict.js';

type Row = readonly [label: string, ...cells: string[]];

const howToRead = `  A key is new to the API until the API has fetched it. Its tokens may get 503 while Logto is at fault, and for
  ${keyTimes.timeout / 1000} s after; never 401. Each answer was judged by that.`;

/** Returns the report of a run, for the person on call. */
export function report(run: Run, objections: readonly string[]): string {
  const { ledger, heap, counts, keyRequests, rotations, faults } = run;
  const { from, to } = growth(heap);
  return [
    answers(run),
    howToRead,
    table(['Refusals by reason', ''], byNumber(counts.denied)),
    table(
      ['Logto', ''],
      [
        ['faults', number(faults)],
        ['key rotations', number(rotations.calm + rotations.fault)],
        ['  of them during a fault', number(rotations.fault)],
        ['key fetches that succeeded', number(counts.keysRefreshed)],
        ['key fetches that failed', number(counts.keysFailed)],
        ['requests that reached the key endpoint', number(keyRequests.total)],
        ['  of them in any one second, at most', number(keyRequests.mostInASecond)],
      ],
    ),
    table(
      ['Latency in ms', 'median', 'p99', 'slowest', 'requests'],
      [
        latency('valid tokens, while Logto responds', ledger.latency.calm),
        latency('valid tokens, while Logto is at fault', ledger.latency.fault),
        latency('requests that need no key, meanwhile', ledger.latencyWithoutKeys),
        latency('the first tokens of a new key', ledger.latencyOfNewKeys),
      ],
    ),
    table(
      ["The API's heap in MB, after garbage collection", 'from', 'to'],
      [
        ['at start and end', megabytes(heap.at(0)?.bytes), megabytes(heap.at(-1)?.bytes)],
        [`medians, once warm, of ${heap.length} samples`, megabytes(from), megabytes(to)],
      ],
    ),
    conclusion(run, objections),
  ].join('\n\n');
}

/** Returns the report of the rotations. */
export function reportRotations(
  { calm, scenes, keyRequests }: Rotations,
  objections: readonly string[],
): string {
  return [
    table(
      ['Tokens of a new key', 'served', 'at first try', '401', '503', 'slowest in ms', 'sent'],
      scenes.map(({ name, answers }): Row => {
        const count = (status: number) => number(answers.filter((answer) => answer.status === status).length);
        const atFirstTry = number(firstTries(answers));
        return [
          name,
          count(200),
          atFirstTry,
          count(401),
          count(503),
          slowest(answers).toFixed(0),
          number(answers.length),
        ];
      }),
    ),
    '  A token that got 503 was sent again when Retry-After said so; 503 here is what it got at last.',
    table(
      ['Made-up key ids', '401', '503', 'others'],
      scenes
        .filter(({ flood }) => Object.keys(flood).length > 0)
        .map(({ name, flood }): Row => {
          const { 401: refused = 0, 503: unanswered = 0, ...others } = flood;
          return [
            name,
            number(refused),
            number(unanswered),
            number(Object.values(others).reduce((a, b) => a + b, 0)),
          ];
        }),
    ),
    table(
      ['Latency of tokens of a held key in ms', 'median', 'p99', 'slowest', 'requests'],
      [
        latency('calm', calm),
        ...scenes.filter(({ held }) => held.count > 0).map(({ name, held }) => latency(name, held)),
      ],
    ),
    table(
      ['Requests that reached the key endpoint', ''],
      [
        ['in any one second, at most', number(keyRequests.mostInASecond)],
        ['in any one minute, at most', number(keyRequests.mostInAMinute)],
      ],
    ),
    verdict(objections),
  ].join('\n\n');
}

function answers({ ledger, seconds }: Run): string {
  const statuses = [...new Set([...ledger.answers.values()].flatMap((some) => [...some.keys()]))].sort();
  const rows = [...ledger.answers]
    .sort(([, a], [, b]) => sum(b) - sum(a))
    .map(
      ([sent, some]): Row => [
        sent,
        ...statuses.map((status) => number(some.get(status) ?? 0)),
        number(sum(some)),
      ],
    );
  const totals = statuses.map((status) =>
    [...ledger.answers.values()].reduce((total, some) => total + (some.get(status) ?? 0), 0),
  );
  const all = totals.reduce((total, some) => total + some, 0);
  const heads = statuses.map((status) => (status === 0 ? 'no answer' : String(status)));
  return table(
    [`Requests in ${seconds.toFixed(0)} s, by status`, ...heads, 'all'],
    [...rows, ['all', ...totals.map(number), number(all)]],
  );
}

function conclusion({ ledger, startedAt }: Run, objections: readonly string[]): string {
  const wrong = [...ledger.wrong].map(([objection, { times, firstAt }]) => {
    const first = ((firstAt - startedAt) / 1000).toFixed(1);
    return `${objection} (${times} times, first after ${first} s)`;
  });
  return verdict([...wrong, ...objections]);
}

function verdict(all: readonly string[]): string {
  if (all.length === 0) return 'As promised: no valid request paid for what Logto did.';
  return `Not as promised:\n${all.map((objection) => `  ✗ ${objection}`).join('\n')}`;
}

/** Aligns the cells: the first one of each row to the left, the others to the right. */
function table(head: Row, rows: readonly Row[]): string {
  const lines = [head, ...rows.map(([label, ...cells]): Row => [`  ${label}`, ...cells])];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function latency(label: string, histogram: RecordableHistogram): Row {
  if (histogram.count === 0) return [label, '–', '–', '–', '0'];
  const ms = (microseconds: number) => (microseconds / 1000).toFixed(1);
  const { max } = histogram;
  return [
    label,
    ms(histogram.percentile(50)),
    ms(histogram.percentile(99)),
    ms(max),
    number(histogram.count),
  ];
}

function byNumber(counts: Readonly<Record<string, number>>): Row[] {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([what, times]) => [what, number(times)]);
}

function sum(counts: ReadonlyMap<number, number>): number {
  return [...counts.values()].reduce((total, some) => total + some, 0);
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function megabytes(bytes = 0): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
