import type { RequestHandler } from 'express';
import { checkScopes } from '../checks/scopes.js';
import { checkAudiences } from '../checks/uris.js';
import { checkNames, optionError, withDefault } from '../checks/values.js';
import type { Settings } from '../options.js';
import { refuseRequest } from './refuse-request.js';

/** What the metadata document says that is not known from the instance. */
export interface ResourceMetadataOptions {
  /** The API resource indicator that the document is about. Default: the instance's audience, if it has one alone. */
  readonly resource?: string | undefined;
  /**
   * The permissions that an app may ask for. Default: those of all guards for this resource that were
   * made. An empty list tells none.
   */
  readonly scopes?: readonly string[] | undefined;
}

/** Makes a handler for one resource. */
export type ResourceMetadataMaker = (options?: ResourceMetadataOptions) => RequestHandler;

/** The document itself (RFC 9728 section 2). */
interface ResourceMetadata {
  readonly resource: string;
  readonly authorization_servers: readonly string[];
  readonly scopes_supported?: readonly string[];
  readonly bearer_methods_supported: readonly string[];
}

const OWNER = 'resourceMetadata';

/** Makes the handlers that serve an API's metadata document (RFC 9728 section 3). */
export function createResourceMetadata(
  settings: Pick<Settings, 'issuers' | 'audience'>,
  /** The scopes that the guards for a resource ask for, as far as they were made. */
  scopesOf: (resource: string) => readonly string[],
): ResourceMetadataMaker {
  return function resourceMetadata(unchecked?: ResourceMetadataOptions): RequestHandler {
    refuseRequest(OWNER, `${OWNER}()`, unchecked);
    const passed: ResourceMetadataOptions = withDefault(unchecked, {});
    const options = checkNames(OWNER, passed, ['resource', 'scopes']);
    const resource = resourceOf(options.resource, settings.audience);
    const given = options.scopes === undefined ? undefined : checkGivenScopes(options.scopes);
    const authorization_servers = settings.issuers.map(({ issuer }) => issuer);

    return function resourceMetadataMiddleware(req, res, next) {
      // A client in a browser asks for the document too, and RFC 9728 expects it to be public.
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
      // Only now: guards may be made after this handler.
      const scopes = given ?? scopesOf(resource);
      const document: ResourceMetadata = {
        resource,
        authorization_servers,
        // A list of none must be left out (section 3.2).
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
  if (value !== undefined) {
    if (typeof value !== 'string') throw optionError(OWNER, 'resource', 'one API resource indicator', value);
    return checkAudiences(OWNER, value, 'resource')[0] as string;
  }
  const [only, ...others] = audience ?? [];
  if (only !== undefined && others.length === 0) return only;
  const has = only === undefined ? 'no audience' : 'several audiences';
  throw new TypeError(
    `${OWNER}: the instance has ${has}: say which resource the document is about, as { resource: 'https://shopping.api' }.`,
  );
}

function checkGivenScopes(scopes: unknown): readonly string[] {
  if (!Array.isArray(scopes))
    throw optionError(OWNER, 'scopes', "a list of scopes as ['read:products']", scopes);
  return scopes.length === 0 ? [] : checkScopes(OWNER, 'scopes', scopes);
}
