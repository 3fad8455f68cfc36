import { describe, expect, it } from 'vitest';
import { createM2MClient } from '../../../src/client/index.js';
import {
  laterRecordedCalls,
  type RecordedCall,
  recordedCalls,
} from '../../support/management-api/recorded-calls.js';
import type { StandInLogto } from '../../support/management-api/stand-in-logto.js';
import { openTenant } from './tenant.js';

describe('the stand-in for the Management API', () => {
  let logto: StandInLogto;

  const idsOf = (calls: readonly RecordedCall[]) =>
    calls
      .filter(({ method, status }) => method === 'POST' && status < 300)
      .flatMap(({ response }) => (response as { id?: string }).id ?? []);

  it('responds to every recorded call like the real Logto', async () => {
    logto = await openTenant({ recorded: true, ids: idsOf(recordedCalls) });
    const tokens = await Promise.all(['stranger-service', 'management-service'].map(tokenOf));

    expect(recordedCalls.length).toBeGreaterThan(40);
    for (const [index, call] of recordedCalls.entries()) {
      // The first two were made without a token, and with one that lacks the permission.
      const token = index === 0 ? undefined : index === 1 ? tokens[0] : tokens[1];
      expect(await replay(call, token)).toEqual(comparable(call));
    }
  });

  it('responds to every later recorded call like the real Logto, on a new tenant', async () => {
    logto = await openTenant({ ids: idsOf(laterRecordedCalls) });
    const token = await tokenOf('management-service');
    expect(laterRecordedCalls.length).toBeGreaterThan(20);
    for (const call of laterRecordedCalls) expect(await replay(call, token)).toEqual(comparable(call));
  });

  async function tokenOf(name: string): Promise<string> {
    const { id: appId, secret: appSecret } = logto.app(name);
    const resource = 'https://default.logto.app/api';
    const client = createM2MClient({ endpoint: logto.endpoint, appId, appSecret, resource, scopes: ['all'] });
    return (await client.getAccessToken()).token;
  }

  async function replay({ method, path, request, headers }: RecordedCall, token: string | undefined) {
    const response = await fetch(logto.endpoint + path, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(request && { 'content-type': 'application/json' }),
      },
      ...(request && { body: JSON.stringify(request) }),
    });
    const body = await response.text();
    const own = ['content-type', 'link', 'total-number'].filter((name) => response.headers.has(name));
    return comparable({
      method,
      path,
      ...(request && { request }),
      status: response.status,
      headers: Object.fromEntries(own.map((name) => [name, response.headers.get(name) ?? ''])),
      response: headers['content-type']?.includes('json') ? JSON.parse(body) : body,
    });
  }

  /** Replaces values that depend on time or chance by their type, and removes the address. */
  function comparable(call: RecordedCall): unknown {
    const json = JSON.stringify(call, (key, value) =>
      /^(createdAt|value)$/.test(key) ? `a ${typeof value}` : value,
    );
    return JSON.parse(json.replaceAll('http://localhost:3001/', '/').replaceAll(`${logto.endpoint}/`, '/'));
  }

  it('returns lists in pages', async () => {
    logto = await openTenant();
    for (let number = 1; number <= 44; number += 1) logto.addApp(`app ${number}`);
    const authorization = `Bearer ${await tokenOf('management-service')}`;
    const page = async (query: string) => {
      const response = await fetch(`${logto.endpoint}/api/applications?${query}`, {
        headers: { authorization },
      });
      const entries = (await response.json()) as { name: string }[];
      return { status: response.status, length: entries.length, total: response.headers.get('total-number') };
    };
    expect(await page('')).toEqual({ status: 200, length: 20, total: '45' });
    expect(await page('page=3&page_size=20')).toEqual({ status: 200, length: 5, total: '45' });
    expect(await page('page=4')).toEqual({ status: 200, length: 0, total: '45' });
    expect((await page('page_size=101')).status).toBe(400);
    expect((await page('page=0')).status).toBe(400);
  });
});
