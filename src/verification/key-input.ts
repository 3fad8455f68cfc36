import type { KeyObject, SigningOptions, VerifyKeyObjectInput } from 'node:crypto';
import { versions } from 'node:process';
import { bare, own } from '../checks/own.js';
import type { VerificationKey } from '../keys/verification-key.js';

/** What `crypto.verify` takes as the key. */
export type KeyInput = VerifyKeyObjectInput | KeyObject;

/**
 * Gives each key as `crypto.verify` takes it, with these parameters, made once for each key. In Node that is a key object
 * with the parameters as its own members. If the key is a member of an options object, Node 24 throws and catches two
 * errors to find that out, and those cost a quarter of all that a new token costs on the main thread. Bun and Deno read
 * parameters from an options object alone.
 *
 * @param runtime - the versions of what runs this, by name
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
  // All that Node reads there, so that it finds none of them on Object.prototype.
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
