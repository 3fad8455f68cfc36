import type { RequestHandler } from 'express';
import type { Settings } from '../options/logto-auth-options.js';
import { faultError } from '../options/option-error.js';
import { checkScopeList } from '../options/scopes.js';
import { checkResource } from '../options/uris.js';
import { checkNames, withDefault } from '../options/values.js';
import { assertNotMounted } from './assert-not-mounted.js';

/** The content of the metadata document that the instance does not provide. */
export interface ResourceMetadataOptions {
  /**
   * The API resource indicator that the document describes. Default: the instance's audience, if it has exactly one.
   */
  readonly resource?: string | undefined;
  /**
   * The permissions that an app may request. Default: those of all guards that were created for this resource. With
   * an empty list the document names none.
   */
  readonly scopes?: readonly string[] | undefined;
}

/** Creates a handler for one resource. */
export type ResourceMetadataMaker = (options?: ResourceMetadataOptions) => RequestHandler;

/** The document itself (RFC 9728 section 2). */
interface ResourceMetadata {
  readonly resource: string;
  readonly authorization_servers: readonly string[];
  readonly scopes_supported?: readonly string[];
  readonly bearer_methods_supported: readonly string[];
}

const OWNER = 'resourceMetadata';

/** Creates the handlers that serve an API's metadata document (RFC 9728 section 3). */
export function createResourceMetadata(
  settings: Pick<Settings, 'issuers' | 'audience'>,
  /** The scopes that the guards for a resource require, of the guards created so far. */
  scopesOf: (resource: string) => readonly string[],
): ResourceMetadataMaker {
  return function resourceMetadata(unchecked?: ResourceMetadataOptions): RequestHandler {
    assertNotMounted(OWNER, `${OWNER}()`, unchecked);
    const passed: ResourceMetadataOptions = withDefault(unchecked, {});
    const options = checkNames(OWNER, passed, { resource: true, scopes: true });
    const resource = resourceOf(options.resource, settings.audience);
    const given = options.scopes === undefined ? undefined : checkScopeList(OWNER, options.scopes);
    const authorization_servers = settings.issuers.map(({ issuer }) => issuer);

    return function resourceMetadataMiddleware(req, res, next) {
      // Clients in browsers request the document too, and RFC 9728 expects it to be public.
      if (req.method === 'OPTIONS') {
        res.setHeader('Access-Control-Allow-Origin', '*');
        res.setHeader('Access-Control-Allow-Methods', 'GET, HEAD');
        res.setHeader('Access-Control-Allow-Headers', '*');
        res.statusCode = 204;
        res.end();
        return;
      }
      if (req.method !== 'GET' && req.method !== 'HEAD') {
        next();
        return;
      }
      // Read for each request: guards may be created after this handler.
      const scopes = given ?? scopesOf(resource);
      const document: ResourceMetadata = {
        resource,
        authorization_servers,
        // An empty list must be omitted (section 3.2).
        ...(scopes.length > 0 && { scopes_supported: scopes }),
        bearer_methods_supported: ['header'],
      };
      const body = JSON.stringify(document);
      res.setHeader('Access-Control-Allow-Origin', '*');
      res.setHeader('Content-Type', 'application/json; charset=utf-8');
      res.setHeader('Content-Length', Buffer.byteLength(body));
      res.end(body);
    };
  };
}

function resourceOf(value: unknown, audience: Settings['audience']): string {
  if (value !== undefined) return checkResource(OWNER, value, '');
  const [only, ...others] = audience ?? [];
  if (only !== undefined && others.length === 0) return only;
  const has = only === undefined ? 'no audience' : 'several audiences';
  throw faultError(
    OWNER,
    `the instance has ${has}: pass the resource that the document describes, such as { resource: 'https://shopping.api' }.`,
  );
}
