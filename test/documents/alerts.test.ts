import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createLogtoAuth } from 'express-logto-m2m';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Metrics } from '../../example-server/metrics.js';
import { readPage } from '../support/markdown.js';

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: Record<string, string>;
}

const folder = fileURLToPath(new URL('../../docs/operating', import.meta.url));
const page = readPage('docs/operating/metrics.md');
const rules: Rule[] = parse(readFileSync(`${folder}/alerts.yml`, 'utf8')).groups.flatMap(
  ({ rules }: { rules: Rule[] }) => rules,
);

const metrics = new Metrics(createLogtoAuth({ endpoint: 'https://tenant.logto.app' }));
const shown = await metrics.text();
metrics.close();
const names = [...shown.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);

describe.each(rules)('the alert $alert', ({ alert, expr, labels, annotations }) => {
  it('uses only metrics and labels that /metrics shows', () => {
    const used = expr.match(/\blogto_m2m_\w+/g) ?? [];
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((name) => !names.includes(name))).toEqual([]);
    for (const selector of expr.match(/\w+="\w+"/g) ?? []) expect(shown).toContain(selector);
  });

  it('has a severity, a summary, a description and an action', () => {
    expect(['page', 'warning']).toContain(labels.severity);
    expect(Object.keys(annotations)).toEqual(['summary', 'description', 'action']);
  });

  it('is listed in the page with its severity', () => {
    const line = new RegExp(`^\\| \`${alert}\` .*$`, 'm').exec(page)?.[0];
    expect(line).toMatch(labels.severity === 'page' ? /\| yes \|$/ : /\| no: [^|]+ \|$/);
  });
});

it('the page names each metric, and no other', () => {
  const named = page.match(/`logto_m2m_\w+`/g)?.map((name) => name.slice(1, -1));
  expect([...new Set(named)].sort()).toEqual([...names].sort());
});

const promtool = (...args: string[]) => spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
const promtoolIsMissing = promtool('--version').error !== undefined;

describe.skipIf(promtoolIsMissing)(
  `Prometheus${promtoolIsMissing ? ' (skipped: promtool is not installed)' : ''}`,
  () => {
    it.each([
      ['accepts the rules', 'check', 'alerts.yml'],
      ['fires each alert only when it should', 'test', 'alerts.test.yml'],
    ])('%s', (_what, verb, file) => {
      const { status, stdout, stderr } = promtool(verb, 'rules', file);
      expect({ status, said: stdout + stderr }).toEqual({
        status: 0,
        said: expect.stringContaining('SUCCESS'),
      });
    });
  },
);
