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

/** An API where any of these permissions will do. */
function startAny(...scopes: string[]): Promise<Recorder> {
  const auth = createLogtoAuth({ endpoint: logto.endpoint, audience: API });
  return startApi(auth.requireAnyScope(scopes) as RequestHandler);
}

describe('logto-m2m doctor judges the permissions', () => {
  it('by what the API answers, where it was the API that named them', async () => {
    const api = await startAny('read:products', 'write:products');
    const address = ['--api', `${api.url}/products`];
    const { code, stdout } = await doctor(address);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^✓ scopes +Granted: read:products; the API accepts the token without write:products\.$/m,
    );
    // Whoever names them wants them all.
    const named = await doctor([...address, '--scope', 'read:products write:products']);
    expect(named).toMatchObject({ code: 1, problems: [expect.stringContaining('granted: write:products')] });
    await api.stop();
  });

  it('and takes none that was wanted, too, for the spelling of another', async () => {
    const api = await startAny('read:orders');
    const scopes = ['--scope', 'read:orders read:order', '--api', `${api.url}/products`];
    const { code, problems } = await doctor(scopes);
    expect({ code, problems }).toEqual({
      code: 1,
      problems: [expect.stringMatching(/not granted: read:order\. → No role of app \w+ grants \S+:/)],
    });
    await api.stop();
  });

  it('and no short name for another', async () => {
    const api = await startAny('x:b', 'x:c');
    const { problems } = await doctor(['--scope', 'x:a', '--api', `${api.url}/products`]);
    expect(problems[0]).toMatch(/not granted: x:a\. → No role of app \w+ grants \S+:/);
    await api.stop();
  });

  it('and says of several what is misspelt, and what a role lacks', async () => {
    const api = await startAny('read:products');
    const scopes = ['--scope', 'read:prodcuts write:products', '--api', `${api.url}/products`];
    const { problems } = await doctor(scopes);
    expect(problems[0]).toMatch(
      /→ A spelling mistake, or a missing role: did you mean read:products instead of read:prodcuts\? For write:products: No role of app \w+ grants write:products: assign it a machine-to-machine role with write:products /,
    );
    await api.stop();
  });
});

describe('logto-m2m doctor, where no token is had', () => {
  it('minds that there is no audience: with an app, something is to start', async () => {
    const { code, problems } = await doctor([], { LOGTO_AUDIENCE: '' });
    expect({ code, problems }).toEqual({
      code: 1,
      problems: [expect.stringMatching(/^✗ configuration .*no audience\. → Set LOGTO_AUDIENCE/)],
    });
    expect((await doctor([], { ...NO_APP, LOGTO_AUDIENCE: '' })).code).toBe(0);
  });
});
