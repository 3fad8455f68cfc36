import { expect, it } from 'vitest';
import { checkIssuer } from '../../src/cli/diagnosis/issuer.js';

// In quadratic time, this would take hours.
it('checkIssuer compares a long issuer in linear time', () => {
  const slashes = '/'.repeat(2 ** 22);
  const expected = 'https://logto.example/oidc';
  for (const issuer of [`${expected}${slashes}`, `${expected}${slashes}x`, `${slashes}x`]) {
    expect(checkIssuer('https://logto.example', issuer).verdict).toBe('problem');
  }
});
