import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { roleSessionName } from '../../../adapters/s3/role-session-name.ts';
import {
  escapePolicyText,
  partitionOf,
  sessionPolicy,
} from '../../../adapters/s3/session-policy.ts';
import { scopePrefixes } from '../../../machines/rules/scope.ts';
import { seeded } from '../../support/seed.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string;
  readonly Condition?: { readonly StringLike: { readonly 's3:prefix': readonly string[] } };
}

const scope = { repository: 'vault', tenant: 'T1', subtenant: null };
const statementsOf = (text: string) =>
  (JSON.parse(text) as { readonly Statement: readonly Statement[] }).Statement;

describe('sessionPolicy', () => {
  test('C9 the whole policy of one scope', () => {
    const policy = sessionPolicy({ bucket: 'b', ...scopePrefixes(scope) });
    expect(JSON.parse(policy)).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'TenantObjects',
          Effect: 'Allow',
          Action: [
            's3:GetObject',
            's3:PutObject',
            's3:DeleteObject',
            's3:AbortMultipartUpload',
            's3:ListMultipartUploadParts',
          ],
          Resource: 'arn:aws:s3:::b/Veeam/Backup/vault/Clients/T1/*',
        },
        {
          Sid: 'ConfigRead',
          Effect: 'Allow',
          Action: 's3:GetObject',
          Resource: 'arn:aws:s3:::b/Veeam/Backup/vault/Config/*',
        },
        {
          Sid: 'List',
          Effect: 'Allow',
          Action: 's3:ListBucket',
          Resource: 'arn:aws:s3:::b',
          Condition: {
            StringLike: {
              's3:prefix': ['Veeam/Backup/vault/Clients/T1/*', 'Veeam/Backup/vault/Config/*'],
            },
          },
        },
        {
          Sid: 'Bucket',
          Effect: 'Allow',
          Action: [
            's3:GetBucketLocation',
            's3:GetBucketVersioning',
            's3:GetBucketObjectLockConfiguration',
          ],
          Resource: 'arn:aws:s3:::b',
        },
      ],
    });
  });

  test('an end stands in every statement, beside its other conditions', () => {
    const until = Date.UTC(2030, 0, 15);
    const statements = statementsOf(sessionPolicy({ bucket: 'b', ...scopePrefixes(scope), until }));
    const endless = statementsOf(sessionPolicy({ bucket: 'b', ...scopePrefixes(scope) }));
    expect(statements).toEqual(
      endless.map((statement) => ({
        ...statement,
        Condition: {
          ...statement.Condition,
          DateLessThan: { 'aws:CurrentTime': '2030-01-15T00:00:00Z' },
        },
      })),
    );
  });

  test.each([
    ['eu-central-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
  ])('%s is in the partition %s', (region, partition) => {
    expect(partitionOf(region)).toBe(partition);
  });

  test('the longest names fit into 2,048 characters', () => {
    const name = 'n'.repeat(80);
    const longest = scopePrefixes({ repository: name, tenant: name, subtenant: name });
    const until = Date.UTC(2030, 0, 15);
    expect(sessionPolicy({ bucket: 'b'.repeat(63), ...longest, until }).length).toBeLessThanOrEqual(
      2048,
    );
  });

  test('a longer one is issuer.limit, a prefix that is no folder issuer.refused', () => {
    const long = { bucket: 'b', fullAccess: `${'x'.repeat(900)}/`, readOnly: 'c/' };
    expect(() => sessionPolicy(long)).toThrow(expect.objectContaining({ code: 'issuer.limit' }));
    for (const fullAccess of ['', '/', 'a/T1', '*']) {
      expect(() => sessionPolicy({ bucket: 'b', fullAccess, readOnly: 'c/' })).toThrow(
        expect.objectContaining({ code: 'issuer.refused' }),
      );
    }
  });

  test('never: a wildcard of a name keeps its meaning, or a statement is empty', () => {
    const name = fc.string({ unit: fc.constantFrom(...'*?$', ...'{}\'"\\/aT1.'), maxLength: 12 });
    fc.assert(
      fc.property(name, name, (tenant, repository) => {
        const input = { bucket: 'b', fullAccess: `x${tenant}/`, readOnly: `y${repository}/` };
        for (const { Action, Condition, Effect, Resource } of statementsOf(sessionPolicy(input))) {
          expect(Effect).toBe('Allow');
          expect(Action.length).toBeGreaterThan(0);
          for (const text of [Resource, ...(Condition?.StringLike['s3:prefix'] ?? [])]) {
            const wild = text.replaceAll(/\$\{[*?$]\}/g, '').replace(/\/\*$/, '');
            expect(wild).not.toMatch(/[*?$]/);
          }
        }
      }),
      seeded(),
    );
  });

  test('escaping can be undone, so it never merges two names', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(escapePolicyText(text).replaceAll(/\$\{([*?$])\}/g, '$1')).toBe(text);
      }),
      seeded(),
    );
  });
});

describe('roleSessionName', () => {
  test.each([
    [scope, 3, 'fortnight-T1.vault-g3'],
    [{ ...scope, subtenant: 'S1' }, 12, 'fortnight-T1@S1.vault-g12'],
  ])('names scope and generation', (named, generation, expected) => {
    expect(roleSessionName(named, generation)).toBe(expected);
  });

  test('always: STS takes it, and two scopes never share one', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._ -]{0,78}[A-Za-z0-9]$/);
    const anyScope = fc.record({
      repository: name,
      tenant: name,
      subtenant: fc.option(name, { nil: null }),
    });
    fc.assert(
      fc.property(anyScope, anyScope, fc.nat({ max: 99_999 }), (left, right, generation) => {
        const first = roleSessionName(left, generation);
        expect(first).toMatch(/^[\w+=,.@-]{2,64}$/);
        if (JSON.stringify(left) !== JSON.stringify(right)) {
          expect(roleSessionName(right, generation)).not.toBe(first);
        }
      }),
      seeded(),
    );
  });
});
