// Somebody migrates route by route: each of three packages guards one.
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expressjwt, type GetVerificationKey, type Request as JwtRequest } from 'express-jwt';
import { getAuth, requireScopes } from 'express-logto-m2m';
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer';
import { expressJwtSecret } from 'jwks-rsa';
import serverless from 'serverless-http';

const endpoint = process.env.LOGTO_ENDPOINT ?? '';
const audience = process.env.LOGTO_AUDIENCE ?? '';
const issuer = `${endpoint}/oidc`;
const jwksUri = `${issuer}/jwks`;

export const app = express();
app.get('/products', requireScopes('read:products'), (req, res) => {
  res.json({ clientId: getAuth(req).clientId });
});
app.get(
  '/by-bearer',
  auth({ issuer, jwksUri, audience, tokenSigningAlg: 'RS256' }),
  requiredScopes('read:products'),
  (req, res) => {
    res.json({ auth: req.auth, isOurs: isOurs(req) });
  },
);
app.get(
  '/by-jwt',
  expressjwt({
    secret: expressJwtSecret({ jwksUri }) as GetVerificationKey,
    issuer,
    audience,
    algorithms: ['RS256'],
  }),
  (req: JwtRequest, res) => {
    res.json({ auth: req.auth, isOurs: isOurs(req) });
  },
);
app.use(((error, _req, res, _next) => {
  res.status(error.status ?? 500).json({ error: error.code ?? String(error) });
}) as express.ErrorRequestHandler);

/** Whether getAuth takes what another package has verified for ours. */
function isOurs(req: object): boolean {
  try {
    return getAuth(req) !== undefined;
  } catch {
    return false;
  }
}

export const handler = serverless(app);

const server = app.listen(Number(process.env.PORT), () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/products`);
});
