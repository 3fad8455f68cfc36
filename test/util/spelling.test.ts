import { describe, expect, it } from 'vitest';
import { closestOption, closestScope } from '../../src/util/spelling.js';

describe('closestOption', () => {
  it.each<[what: string, name: string, known: string[], closest: string | undefined]>([
    ['a swapped letter', 'rolse', ['apps', 'roles'], 'roles'],
    ['other capitals', 'JwksURI', ['jwksUri', 'jwks'], 'jwksUri'],
    ['two edits in a short name', 'rol', ['roles'], 'roles'],
    ['a third of a long name', 'clokTolernc', ['clockTolerance'], 'clockTolerance'],
    ['the most similar name, not the first one', 'audienc', ['audiences', 'audience'], 'audience'],
    ['nothing for three edits in a short name', 'ro', ['roles'], undefined],
    ['nothing without known names', 'roles', [], undefined],
  ])('finds %s', (_what, name, known, closest) => {
    expect(closestOption(name, known)).toBe(closest);
  });
});

describe('closestScope', () => {
  it.each<[what: string, scope: string, known: string[], closest: string | undefined]>([
    ['a swapped letter', 'read:prodcuts', ['write:products', 'read:products'], 'read:products'],
    ['a missing letter', 'write:product', ['read:products', 'write:products'], 'write:products'],
    ['one edit in five characters', 'reads', ['read'], 'read'],
    ['nothing for two edits in five characters', 'redas', ['read'], undefined],
    ['nothing for a short name that differs in one letter', 'a:c', ['a:b'], undefined],
    ['nothing for another verb', 'read:orders', ['write:orders'], undefined],
  ])('finds %s', (_what, scope, known, closest) => {
    expect(closestScope(scope, known)).toBe(closest);
  });
});
