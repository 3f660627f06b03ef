import { describe, expect, it } from 'vitest';
import type { CredentialRecord } from '../../../machines/ports/config-database.ts';
import { auditLines } from '../../../sim/cli/lab-commands/audit.ts';
import { parseScenario, type Scenario } from '../../../sim/scenario/index.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 0, 20);

function lab(): Scenario {
  const text = `
version: 1
storages:
  - { name: minio, kind: s3-compatible }
  - { name: amazon, kind: aws }
repositories:
  - { name: vault, storage: minio, mode: direct, access: iam-sts }
  - { name: open, storage: minio, mode: direct, access: share }
  - { name: users, storage: amazon, mode: direct }
tenants:
  - { name: acme, quota: 1GiB }
  - { name: gone, quota: 1GiB, disabled: true }
`;
  const parsed = parseScenario(text, { file: 'lab', baseFolder: '/', isFolder: () => true });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.scenario;
}

function record(changes: Partial<CredentialRecord> & { tenant?: string; repository?: string }) {
  const { tenant = 'acme', repository = 'vault', ...rest } = changes;
  return {
    scope: { tenant, subtenant: null, repository },
    generation: 1,
    keyId: 'key',
    issuedAt: NOW - DAY,
    expiresAt: NOW + DAY,
    state: 'live',
    ...rest,
  } as CredentialRecord;
}

/** Only what was issued, as `scope gen: reason`. */
function issued(...records: readonly CredentialRecord[]): readonly string[] {
  return auditLines(lab(), records, NOW)
    .filter(({ generation }) => generation !== null)
    .map(({ scope, generation, reason }) => `${scope} ${generation}: ${reason}`);
}

describe('audit: what works now, and why', () => {
  it.each([
    ['live', record({}), ['acme/vault 1: current']],
    ['C13: superseded', record({ state: 'superseded' }), ['acme/vault 1: superseded']],
    ['C22: disabled', record({ tenant: 'gone', state: 'irrevocable' }), ['gone/vault 1: disabled']],
    [
      'I74: an intent without an answer',
      record({ state: 'intent', keyId: '' }),
      ['acme/vault 1: orphaned'],
    ],
    ['a repository that was taken out', record({ repository: 'old' }), ['acme/old 1: removed']],
    ['revoked', record({ state: 'revoked' }), []],
    ['C10: it ends at this very instant', record({ expiresAt: NOW }), []],
    ['C10: 1 ms before its end', record({ expiresAt: NOW + 1 }), ['acme/vault 1: current']],
  ])('%s', (_name, one, expected) => {
    expect(issued(one)).toEqual(expected);
  });

  it('I43, C7: a shared credential is listed for every tenant that may hold it, and never ends', () => {
    const lines = auditLines(lab(), [], NOW);
    expect(lines.map(({ scope, reason, worksUntil }) => [scope, reason, worksUntil])).toEqual([
      ['*/vault', 'owner', null],
      ['*/open', 'owner', null],
      ['acme/open', 'shared', null],
      ['*/users', 'owner', null],
    ]);
  });

  it('C13: says by the issuer whether it can be revoked; what ends last comes first', () => {
    const lines = auditLines(
      lab(),
      [record({}), record({ repository: 'users', expiresAt: NOW + 2 * DAY })],
      NOW,
    ).filter(({ generation }) => generation !== null);
    expect(lines.map(({ scope, revocation }) => [scope, revocation])).toEqual([
      ['acme/users', 'delayed'],
      ['acme/vault', 'never'],
    ]);
  });
});
