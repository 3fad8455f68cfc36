import { createHash } from 'node:crypto';
import type { KoaContextWithOIDC } from 'oidc-provider';

/**
 * A request that Logto would refuse. The engine turns any thrown value with these members into a response. This class
 * replaces errors of the engine whose status or message differs from that of Logto.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** Tells the engine that the response may contain the reason. */
  readonly expose = true;
  readonly error_description: string;

  /**
   * @param statusCode The HTTP status of the response.
   * @param error The OAuth error code (RFC 6749 section 5.2, RFC 8707 section 2).
   * @param description The `error_description` of the response.
   */
  constructor(
    readonly statusCode: number,
    error: string,
    description: string,
  ) {
    super(error);
    this.error_description = description;
  }
}

// Logto translates the error code into its `message`; without a phrase, the message contains the code.
const phrases: Record<string, string> = {
  access_denied: 'Access denied.',
  invalid_request: 'Request is invalid.',
  invalid_target: 'Invalid resource indicator.',
  unsupported_grant_type: 'Unsupported `grant_type` requested.',
};

/** Middleware around the engine that adds to its responses what Logto adds. */
export async function logtoAnswers(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  await next();
  if (ctx.status === 404 && ctx.body === undefined) {
    ctx.status = 404;
    const error_description = `unrecognized route or not allowed method (${ctx.method} on ${ctx.path})`;
    ctx.body = { error: 'invalid_request', error_description };
  }
  if (isErrorBody(ctx.body)) {
    const code = `oidc.${ctx.body.error}`;
    const message = phrases[ctx.body.error] ?? `An OIDC error occurred: ${code}.`;
    ctx.body = { code, message, ...ctx.body };
  } else if (ctx.oidc?.route === 'jwks' && ctx.body) {
    // Logto sends this header in response to GET, but not to HEAD.
    if (ctx.method === 'GET') ctx.set('Cache-Control', 'no-cache, max-age=0, must-revalidate');
    ctx.set('ETag', entityTag(JSON.stringify(ctx.body)));
  }
}

function isErrorBody(body: unknown): body is { error: string } {
  return typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'string';
}

function entityTag(body: string): string {
  const digest = createHash('sha1').update(body).digest('base64').slice(0, 27);
  return `"${Buffer.byteLength(body).toString(16)}-${digest}"`;
}
