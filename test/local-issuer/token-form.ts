import type { IncomingMessage } from 'node:http';
import { stringify } from 'node:querystring';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { KoaContextWithOIDC } from 'oidc-provider';

/** The parameter that holds a `scope` which the engine would refuse for its characters, and Logto takes. */
export const uncheckedScope = 'unchecked_scope';

const form = 'application/x-www-form-urlencoded';
/** RFC 6749 section 3.3, as the engine reads it. */
const validScope = /^[!#-[\]-~]+(?: [!#-[\]-~]+)*$/;

/** Gives the engine the body of a token request as it takes it: Logto takes JSON too, and a scope of any characters. */
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
