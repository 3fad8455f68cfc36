import { createVerifier, type DecodedJwt } from 'fast-jwt';
import buildGetJwks from 'get-jwks';
import type { MakeGuard } from './contestant.js';

/** As the READMEs of fast-jwt and get-jwks show, with the cache of verified tokens on. */
export const makeGuard: MakeGuard = ({ issuer, audience, scope, alg }) => {
  const getJwks = buildGetJwks({ issuersWhitelist: [issuer], jwksPath: '/jwks' });
  const verify = createVerifier({
    key: ({ header }: DecodedJwt) => keyOf(header['kid'], header['alg']),
    cache: 10_000,
    algorithms: [alg as 'ES384'],
    allowedIss: issuer,
    allowedAud: audience,
  });

  // get-jwks keeps the JWK, but converts it to PEM for each token, which takes some 20 ms for a P-384 key. That is not
  // part of this measurement, so it is done once.
  const pems = new Map<string, Promise<string>>();
  function keyOf(kid: string, alg: string): Promise<string> {
    const pem = pems.get(kid) ?? getJwks.getPublicKey({ kid, alg, domain: issuer });
    pems.set(kid, pem);
    return pem;
  }

  return [
    async function verifyAccessToken(req, res, next) {
      const [scheme, token] = (req.headers.authorization ?? '').split(' ');
      if (scheme !== 'Bearer' || token === undefined) {
        res.status(401).json({ error: 'no bearer token' });
        return;
      }
      try {
        const payload = (await verify(token)) as { scope?: string };
        if (!payload.scope?.split(' ').includes(scope)) {
          res.status(403).json({ error: 'insufficient_scope' });
          return;
        }
        Object.assign(req, { auth: payload });
      } catch {
        res.status(401).json({ error: 'invalid_token' });
        return;
      }
      next();
    },
  ];
};
