import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bucketPath,
  federatedName,
  iamUserName,
  pathEnd,
  scopePath,
  userPath,
} from '../../../adapters/aws/iam-names.ts';
import { nameProblem } from '../../../machines/rules/layout.ts';
import { type CredentialScope, scopeId } from '../../../machines/rules/scope.ts';
import { property } from '../../support/seed.ts';

const name = fc
  .stringMatching(/^[A-Za-z0-9][A-Za-z0-9._ -]{0,78}[A-Za-z0-9]$/)
  .filter((text) => nameProblem('tenant', text) === null);
const scope: fc.Arbitrary<CredentialScope> = fc.record({
  repository: name,
  tenant: name,
  subtenant: fc.option(name),
});
const generation = fc.integer({ min: 1, max: 9_999_999 });

/** Scopes that look alike: the same letters in another case, and other borders between names. */
const alike = scope.chain((one) =>
  fc.tuple(
    fc.constant(one),
    fc.constantFrom<CredentialScope>(
      { ...one, tenant: one.tenant.toUpperCase() },
      { ...one, subtenant: one.subtenant === null ? 'x' : null },
      { ...one, repository: `${one.repository}1` },
      { ...one, tenant: `${one.tenant}.${one.repository}` },
      { ...one, tenant: one.tenant.replaceAll(' ', '-') },
    ),
  ),
);

describe('names of IAM users and federated sessions', () => {
  property('are always valid', [scope, generation], (one, number) => {
    expect(iamUserName(one, number)).toMatch(/^fortnight-[\w+=,.@-]{1,54}$/);
    expect(federatedName(one, number)).toMatch(/^[\w+=,.@-]{2,32}$/);
  });

  property(
    'are never shared by two scopes or generations, not even in another case',
    [alike, generation, generation],
    ([one, other], number, otherNumber) => {
      for (const nameOf of [iamUserName, federatedName]) {
        const lower = (given: CredentialScope, of: number) => nameOf(given, of).toLowerCase();
        const isSameScope = scopeId(one) === scopeId(other);
        expect(lower(one, number) === lower(other, number)).toBe(isSameScope);
        expect(lower(one, number) === lower(one, otherNumber)).toBe(number === otherNumber);
      }
    },
  );

  property(
    'a path says its end and lies below its scope and bucket',
    [scope, fc.integer({ min: 0, max: 253_402_300_799 })],
    (one, seconds) => {
      const path = userPath('vault', one, seconds * 1000);
      expect(path).toMatch(/^\/[!-~]{1,510}\/$/);
      expect(path.startsWith(scopePath('vault', one))).toBe(true);
      expect(path.startsWith(bucketPath('vault'))).toBe(true);
      expect(path.startsWith(bucketPath('vaul'))).toBe(false);
      expect(pathEnd(path)).toBe(seconds * 1000);
    },
  );

  test.each(['/fortnight/vault/', '/until-/', '/until-1x/', '/until-99/more/'])(
    'the path %s says no end',
    (path) => {
      expect(pathEnd(path)).toBeNull();
    },
  );
});
