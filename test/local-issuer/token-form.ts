import type { IncomingMessage } from 'node:http';
import { stringify } from 'node:querystring';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { KoaContextWithOIDC } from 'oidc-provider';

/** The parameter for a `scope` with characters that the engine refuses and Logto accepts. */
export const uncheckedScope = 'unchecked_scope';

const form = 'application/x-www-form-urlencoded';
/** The scope syntax of RFC 6749 section 3.3, as the engine checks it. */
const validScope = /^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/;

/** Converts the body of a token request for the engine. Logto also accepts JSON, and any characters in a scope. */
export async function readTokenForm(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  const type = ctx.method === 'POST' && ctx.is('json', 'urlencoded');
  if (type) {
    const body = await text(ctx.req);
    const parameters = new URLSearchParams(type === 'json' ? jsonToForm(body) : body);
    const [scope = '', ...others] = parameters.getAll('scope');
    if (scope !== '' && others.length === 0 && !validScope.test(scope)) {
      parameters.delete('scope');
      parameters.set(uncheckedScope, scope);
    }
    const bytes = Buffer.from(String(parameters));
    ctx.req.headers['content-type'] = form;
    ctx.req.headers['content-length'] = String(bytes.length);
    ctx.req = Readable.from([bytes]) as IncomingMessage;
  }
  await next();
}

function jsonToForm(body: string): string {
  try {
    return stringify(JSON.parse(body));
  } catch {
    return '';
  }
}
