import type { KeyObject, SigningOptions, VerifyKeyObjectInput } from 'node:crypto';
import { versions } from 'node:process';
import type { VerificationKey } from '../keys/verification-key.js';
import { bare, own } from '../util/own.js';

/** The key argument of `crypto.verify`. */
export type KeyInput = VerifyKeyObjectInput | KeyObject;

/**
 * Converts each key, once, to the key argument of `crypto.verify` with these parameters. In Node that is a key object
 * with the parameters as its own members. If the key is a member of an options object, Node 24 throws and catches two
 * errors to detect that, which take a quarter of the total main-thread cost of a new token. Bun and Deno read
 * parameters from an options object only.
 *
 * @param runtime - the versions of the runtime, by name
 */
export function keyInputs(
  parameters: SigningOptions,
  runtime: object = versions,
): (key: VerificationKey) => KeyInput {
  const isNode = own(runtime, 'bun') === undefined && own(runtime, 'deno') === undefined;
  const made = new WeakMap<VerificationKey, KeyInput>();
  return (key) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const keyObject = key.toKeyObject();
    const input = isNode ? withMembers(keyObject, parameters) : bare({ key: keyObject, ...parameters });
    made.set(key, input);
    return input;
  };
}

function withMembers(keyObject: KeyObject, parameters: SigningOptions): KeyObject {
  // All members that Node reads, so that it reads none of them from Object.prototype.
  const all = {
    dsaEncoding: undefined,
    padding: undefined,
    saltLength: undefined,
    context: undefined,
    ...parameters,
  };
  for (const [name, value] of Object.entries(all)) Object.defineProperty(keyObject, name, bare({ value }));
  return keyObject;
}
