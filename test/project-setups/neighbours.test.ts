import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AUDIENCE, ownLogto, readingToken } from '../support/logto.js';
import { install } from './npm.js';
import type { Running } from './project.js';
import { expectProtected, whileRunning } from './serving.js';
import { LONG, useProject } from './use-project.js';

describe('a backend that migrates from other packages route by route', LONG, () => {
  const project = useProject('neighbours', [], async (folder) => {
    // An older backend has the range ^4.17.1 and this version in its lock file.
    await install(folder, ['express@4.17.1']);
  });

  it('keeps its version of Express, which npm does not upgrade for a dependency', async () => {
    expect((await project()).versionOf('express')).toBe('4.17.1');
  });

  it('compiles, and each route uses its own guard', async () => {
    const made = await project();
    expect(await made.run(['tsc'])).toBe('');
    const logto = await ownLogto();
    // The other packages do not accept ES384 in this configuration.
    await logto.rotateKeys({ alg: 'RS256' });
    const what = async (server: Running) => {
      await expectProtected(server, logto);
      const token = await readingToken(logto);
      expect(await server.get('/by-bearer', token)).toMatchObject({
        status: 200,
        body: { auth: { payload: { client_id: 'test-app' }, token }, isOurs: false },
      });
      expect(await server.get('/by-jwt', token)).toMatchObject({
        status: 200,
        body: { auth: { client_id: 'test-app' }, isOurs: false },
      });
      for (const path of ['/by-bearer', '/by-jwt']) {
        expect(await server.get(path)).toMatchObject({ status: 401 });
      }
      expect(await server.get('/by-bearer', await logto.issueToken())).toMatchObject({ status: 403 });
    };
    await whileRunning(process.execPath, join(made.folder, 'dist/app.js'), logto, { what });
  });

  it('serves requests without a socket through serverless-http', async () => {
    const made = await project();
    await made.run(['tsc']);
    const logto = await ownLogto();
    const tokens = [await readingToken(logto), await logto.issueToken()];
    const said = await made.run(['node', 'lambda.js'], {
      env: {
        LOGTO_ENDPOINT: logto.endpoint,
        LOGTO_AUDIENCE: AUDIENCE,
        PORT: '0',
        TOKENS: JSON.stringify(tokens),
      },
    });
    expect(said).toMatch(/^\[200,403,401\]$/m);
  });
});
