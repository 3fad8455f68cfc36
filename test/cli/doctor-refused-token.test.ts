import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TokenIssuer } from '../support/client.js';
import { refusalThatSays } from '../support/logto-refusals.js';
import { logtoM2M } from './command.js';
import { runDoctor, startFront, startRefusing, type Tail } from './doctor.js';

let logto: TokenIssuer;

beforeAll(async () => {
  logto = await TokenIssuer.start();
});
afterAll(() => logto.stop());

const doctor = (...args: Tail<Parameters<typeof runDoctor>>) => runDoctor(logto, ...args);

describe('logto-m2m doctor explains why Logto refused a token:', () => {
  const organization = ['--organization', 'o1'];
  it.each<[what: string, says: string, args: string[], cause: RegExp, fix: RegExp]>([
    [
      'a Traditional web app',
      'requested grant type is not allowed for this client',
      [],
      /App \w+ is not a machine-to-machine app\.$/,
      /^Create a machine-to-machine app .* the type of an app cannot be changed\.$/,
    ],
    [
      'a Traditional web or single-page app without redirect URIs',
      'redirect_uris must contain members',
      [],
      /App \w+ is not a machine-to-machine app\.$/,
      /^Create a machine-to-machine app/,
    ],
    [
      'a single-page or native app with redirect URIs, or a wrong secret',
      'client authentication failed',
      [],
      /The secret is not that of app \w+, or this app is not a machine-to-machine app\.$/,
      /^Copy the secret again .* If that page shows no secret, create a machine-to-machine app/,
    ],
    [
      'a line break or other characters in id or secret',
      'client_id and client_secret in the authorization header are not properly encoded',
      [],
      /with a line break, or with a character that is not ASCII, although none was sent\.$/,
      /^Something between here and \S+ changed the request/,
    ],
    ['an expired secret', 'client secret has expired', [], /has expired\.$/, /^Create a new secret/],
    [
      'a script that denies access',
      'No tokens on Sundays.',
      [],
      /A custom-claims script of the tenant refused the token request: No tokens on Sundays\.$/,
      /^Read the script .*Custom JWT/,
    ],
    [
      'a script that denies access to an organization',
      'No tokens on Sundays.',
      organization,
      /A custom-claims script of the tenant refused the token request: No tokens on Sundays\.$/,
      /^Read the script/,
    ],
    [
      'an app that is not in the organization',
      'app has not associated with the organization',
      organization,
      /is not in the organization o1, or there is no such organization\.$/,
      /^Add the app to the organization/,
    ],
    [
      'an app of another tenant',
      'invalid client nosuchclient',
      [],
      /has no app \w+: it was deleted, or it belongs to another tenant\.$/,
      /the address of the Console \(port 3002 by default\) is that of another tenant/,
    ],
  ])('%s', async (_what, says, args, cause, fix) => {
    const refusal = refusalThatSays(says);
    const front = await startRefusing(logto, refusal);
    const { code, problems } = await doctor(args, { LOGTO_ENDPOINT: front.url });
    expect(code).toBe(1);
    expect(problems).toHaveLength(1);
    const [message = '', advice = ''] = problems[0]?.split(' → ') ?? [];
    expect(message).toContain(`✗ token         Logto issued no token: ${says} (${refusal.error}).`);
    expect(message).toMatch(cause);
    expect(advice).toMatch(fix);
    await front.stop();
  });
});

describe('logto-m2m reports characters that Logto does not accept, without sending them:', () => {
  const SECRET = 'hush-hush-hush';
  const CASES: [name: string, value: string, fault: RegExp][] = [
    ['LOGTO_APP_SECRET', `${SECRET}\n`, /LOGTO_APP_SECRET ends with a line break\./],
    ['LOGTO_APP_SECRET', `${SECRET}\r\n`, /LOGTO_APP_SECRET ends with a line break\./],
    ['LOGTO_APP_SECRET', `${SECRET}ü`, /LOGTO_APP_SECRET contains a character that is not ASCII\./],
    ['LOGTO_APP_ID', `${SECRET}\n`, /LOGTO_APP_ID ends with a line break\./],
  ];

  it.each(CASES)('doctor: %s %j', async (name, value, fault) => {
    const front = await startFront(logto);
    const { code, problems, stdout } = await doctor([], { LOGTO_ENDPOINT: front.url, [name]: value });
    expect(code).toBe(1);
    expect(problems).toEqual([expect.stringMatching(fault)]);
    expect(problems[0]).toMatch(
      /^✗ token .* → Logto accepts only printable ASCII\. .* in a shell, LOGTO_APP_\w+="\$\(cat file\)" removes it/,
    );
    expect(stdout).not.toContain(SECRET);
    expect(front.requests.filter(({ url }) => url === '/oidc/token')).toEqual([]);
    await front.stop();
  });

  it.each(CASES)('token: %s %j', async (name, value, fault) => {
    const { id, secret } = logto.app();
    const env = { LOGTO_ENDPOINT: logto.endpoint, LOGTO_AUDIENCE: 'https://shopping.api', LOGTO_APP_ID: id };
    const { code, stdout, stderr } = await logtoM2M(['token'], {
      env: { ...env, LOGTO_APP_SECRET: secret, [name]: value },
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(fault);
    expect(stderr).not.toContain(SECRET);
  });
});

describe('logto-m2m doctor, for names that Logto accepts and the protocol does not allow,', () => {
  it('names the URI to use as the API identifier', async () => {
    const { code, problems } = await doctor([], { LOGTO_AUDIENCE: 'https://bücher.api/ü' });
    expect(code).toBe(1);
    expect(problems).toEqual([
      expect.stringMatching(
        /^✗ configuration .*Logto accepts such an identifier, but it is not a URI: create the API resource there as "https:\/\/xn--bcher-kva\.api\/%C3%BC", and pass that\.$/,
      ),
    ]);
  });

  it.each(['ü', 'a"b'])('explains how to replace the permission %j', async (scope) => {
    const { code, stderr } = await doctor(['--scope', scope]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/Logto accepts such a permission: give it another name there\./);
  });
});
