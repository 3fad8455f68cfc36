import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type RequestHandler, Router } from 'express';
import { openApiDocument } from '../openapi/document.js';
import type { TokenSource } from '../openapi/security.js';

// The page's own files are no TypeScript: they lie in the source folder, wherever this module was built to.
const { resolve } = createRequire(import.meta.url);
const page = (file: string) => resolve(`#docs-page/${file}`);
const swaggerUi = (file: string) => join(dirname(resolve('swagger-ui-dist/package.json')), file);

const files = {
  '/docs': page('index.html'),
  '/docs/initializer.js': page('initializer.js'),
  '/docs/swagger-ui-bundle.js': swaggerUi('swagger-ui-bundle.js'),
  '/docs/swagger-ui.css': swaggerUi('swagger-ui.css'),
  '/docs/favicon-32x32.png': swaggerUi('favicon-32x32.png'),
};

/** The OpenAPI document of the API at `/openapi.json`, and at `/docs` a page to read and try it (Swagger UI). */
export function apiReference(source: TokenSource): Router {
  const router = Router();

  router.get('/openapi.json', (_req, res) => {
    res.json(openApiDocument(source));
  });

  router.use('/docs', pageMayDoThisAlone(source.issuer));
  for (const [path, file] of Object.entries(files)) {
    router.get(path, (_req, res) => res.sendFile(file, { dotfiles: 'allow' }));
  }
  return router;
}

/**
 * Who enters a secret must be able to trust the page: it runs its own scripts alone, and speaks to this API and to
 * Logto's token endpoint, and to nobody else.
 */
function pageMayDoThisAlone(issuer: string): RequestHandler {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self' ${new URL(issuer).origin}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return (_req, res, next) => {
    res.set({
      'Content-Security-Policy': policy,
      'Referrer-Policy': 'no-referrer',
    });
    next();
  };
}
