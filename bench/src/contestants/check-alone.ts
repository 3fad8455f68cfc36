import { createPublicKey, type JsonWebKeyInput, verify } from 'node:crypto';
import type { MakeGuard } from './contestant.js';

/** Checks the signature on the thread pool, parses the claims and compares the scope. */
export const makeGuard: MakeGuard = ({ jwks, scope }) => {
  const [jwk] = jwks.keys;
  const key = createPublicKey({ key: jwk, format: 'jwk' } as JsonWebKeyInput);
  // A member of the key, so that the conversion of other forms of keys in Node 24 is not measured.
  Object.assign(key, { dsaEncoding: 'ieee-p1363' });
  return [
    function checkSignature(req, res, next) {
      const text = req.headers.authorization?.slice('Bearer '.length) ?? '';
      const end = text.lastIndexOf('.');
      const signed = Buffer.from(text.slice(0, end), 'latin1');
      const signature = Buffer.from(text.slice(end + 1), 'base64url');
      verify('sha384', signed, key, signature, (_error, holds) => {
        if (!holds) return void res.status(401).end();
        const claims = JSON.parse(
          Buffer.from(text.slice(text.indexOf('.') + 1, end), 'base64url').toString(),
        );
        if (claims.scope !== scope) return void res.status(403).end();
        Object.assign(req, { auth: claims });
        next();
      });
    },
  ];
};
