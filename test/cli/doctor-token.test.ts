import type { RequestHandler } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogtoAuth } from '../../src/index.js';
import { API, type Recorder, TokenIssuer } from '../support/client.js';
import { NO_APP, runDoctor, startApi, type Tail } from './doctor.js';

let logto: TokenIssuer;

beforeAll(async () => {
  logto = await TokenIssuer.start();
});
afterAll(() => logto.stop());

const doctor = (...args: Tail<Parameters<typeof runDoctor>>) => runDoctor(logto, ...args);

/** An API that accepts any of these permissions. */
function startAny(...scopes: string[]): Promise<Recorder> {
  const auth = createLogtoAuth({ endpoint: logto.endpoint, audience: API });
  return startApi(auth.requireAnyScope(scopes) as RequestHandler);
}

describe('logto-m2m doctor, checking the permissions,', () => {
  it('relies on the response of the API for permissions that the API named', async () => {
    const api = await startAny('read:products', 'write:products');
    const address = ['--api', `${api.url}/products`];
    const { code, stdout } = await doctor(address);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^✓ scopes +Granted: read:products; the API accepts the token without write:products\.$/m,
    );
    // All permissions of --scope are required.
    const named = await doctor([...address, '--scope', 'read:products write:products']);
    expect(named).toMatchObject({ code: 1, problems: [expect.stringContaining('granted: write:products')] });
    await api.stop();
  });

  it('does not suggest a requested permission as the correct spelling of another', async () => {
    const api = await startAny('read:orders');
    const scopes = ['--scope', 'read:orders read:order', '--api', `${api.url}/products`];
    const { code, problems } = await doctor(scopes);
    expect({ code, problems }).toEqual({
      code: 1,
      problems: [expect.stringMatching(/not granted: read:order\. → No role of app \w+ grants \S+:/)],
    });
    await api.stop();
  });

  it('suggests no spelling for a short name', async () => {
    const api = await startAny('x:b', 'x:c');
    const { problems } = await doctor(['--scope', 'x:a', '--api', `${api.url}/products`]);
    expect(problems[0]).toMatch(/not granted: x:a\. → No role of app \w+ grants \S+:/);
    await api.stop();
  });

  it('distinguishes a misspelt permission from one that no role grants', async () => {
    const api = await startAny('read:products');
    const scopes = ['--scope', 'read:prodcuts write:products', '--api', `${api.url}/products`];
    const { problems } = await doctor(scopes);
    expect(problems[0]).toMatch(
      /→ A spelling mistake, or a missing role: did you mean read:products instead of read:prodcuts\? For write:products: No role of app \w+ grants write:products: assign it a machine-to-machine role with write:products /,
    );
    await api.stop();
  });
});

describe('logto-m2m doctor, without an audience,', () => {
  it('reports a problem only if an app is configured', async () => {
    const { code, problems } = await doctor([], { LOGTO_AUDIENCE: '' });
    expect({ code, problems }).toEqual({
      code: 1,
      problems: [expect.stringMatching(/^✗ configuration .*no audience\. → Set LOGTO_AUDIENCE/)],
    });
    expect((await doctor([], { ...NO_APP, LOGTO_AUDIENCE: '' })).code).toBe(0);
  });
});
