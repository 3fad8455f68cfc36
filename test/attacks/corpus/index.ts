import type { Attack } from '../attack.js';
import { algorithms } from './algorithms.js';
import { authorizationHeader } from './authorization-header.js';
import { crossing } from './crossing.js';
import { encoding } from './encoding.js';
import { header } from './header.js';
import { headerKeys } from './header-keys.js';
import { identity } from './identity.js';
import { issuerAndAudience } from './issuer-and-audience.js';
import { keyIds } from './key-ids.js';
import { requests } from './requests.js';
import { scopes } from './scopes.js';
import { signatures } from './signature.js';
import { times } from './times.js';

/** Every attack by its theme. A new one is a new line in the file of its theme. */
export const corpus: Readonly<Record<string, readonly Attack[]>> = {
  algorithms,
  'keys in the header': headerKeys,
  'key ids': keyIds,
  header,
  signatures,
  encoding,
  times,
  'issuer and audience': issuerAndAudience,
  scopes,
  identity,
  'the Authorization header': authorizationHeader,
  requests,
  'crossing borders': crossing,
};
