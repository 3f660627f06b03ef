import type { CredentialRecord } from '../../../machines/ports/config-database.ts';
import { formatDuration } from '../../../machines/rules/duration.ts';
import { ISSUERS } from '../../../machines/rules/issuers.ts';
import { isExpired } from '../../../machines/rules/renewal.ts';
import { routeOracle } from '../../../machines/rules/route.ts';
import { scopeId } from '../../../machines/rules/scope.ts';
import { type EpochMs, MINUTE_MS } from '../../../machines/rules/time.ts';
import { DEFAULT_LAB } from '../../lab/default-lab.ts';
import { labNow, readCredentials } from '../../lab/lab-records.ts';
import { StateFolder } from '../../lab/state-folder.ts';
import { routeSettingsOf, type Scenario } from '../../scenario/index.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { EXIT } from '../exit-codes.ts';
import type { CredentialsOptions } from '../options.ts';
import { formatTable } from '../table.ts';
import { shortInstant } from './credentials.ts';
import { readLab, repositoryOf } from './read-lab.ts';

/** A credential that opens a storage at this moment, whoever holds it. */
export interface AuditLine {
  readonly type: 'working';
  readonly tenant: string | null;
  readonly scope: string;
  readonly generation: number | null;
  readonly keyId: string | null;
  /** `null`: it never ends by itself (I43). */
  readonly worksUntil: EpochMs | null;
  readonly reason: Reason;
  /** Whether the storage can end it before its time (C13). */
  readonly revocation: 'immediate' | 'delayed' | 'never';
}

const SERVER_JOB = { kind: 'server', needsHttpProxy: false, isTenantConfigBackup: false } as const;

type Reason = 'current' | 'superseded' | 'disabled' | 'orphaned' | 'removed' | 'shared' | 'owner';

const WHY: Readonly<Record<Reason, string>> = {
  current: 'the current generation of its scope',
  superseded: 'an older generation that a renewal did not end (C13)',
  disabled: 'its tenant is disabled; the storage cannot revoke it (C22)',
  orphaned: 'its answer was lost; it may have been issued (I74)',
  removed: 'its tenant or repository is no longer in lab.yaml',
  shared: "the repository's own credential, at the tenant's hosts (C7 share, I43)",
  owner: "the repository's own credential, at the provider only",
};

/** Every credential that still works at this moment, why, and until when (C13, C22). */
export async function audit(
  context: CommandContext,
  options: CredentialsOptions,
): Promise<CommandResult> {
  if (!StateFolder.exists(context.stateDirectory)) {
    context.stderr(`There is no lab in ${context.stateDirectory} yet; a first backup makes one.`);
    return EXIT.ok;
  }
  const folder = StateFolder.open(context.stateDirectory, DEFAULT_LAB);
  try {
    const lab = readLab(context.stateDirectory);
    const now = labNow(folder);
    const lines = auditLines(lab, await readCredentials(folder), now)
      .filter(({ tenant }) => options.tenant === null || tenant === options.tenant)
      .filter(({ scope }) => isOf(scope, options.repository));
    tell(context, lines, now);
  } finally {
    folder.close();
  }
  return EXIT.ok;
}

function isOf(scope: string, repository: string | null): boolean {
  return repository === null || scope.slice(scope.indexOf('/') + 1) === repository;
}

/** What works at `now`, the one that ends last (or never) first. */
export function auditLines(
  lab: Scenario,
  records: readonly CredentialRecord[],
  now: EpochMs,
): readonly AuditLine[] {
  const issued = records
    .filter(({ state, expiresAt }) => state !== 'revoked' && !isExpired(expiresAt, now))
    .map((record) => issuedLine(lab, record));
  const lines = [...ownerLines(lab), ...issued];
  const end = (line: AuditLine): number => line.worksUntil ?? Number.POSITIVE_INFINITY;
  return lines.sort((left, right) => (end(left) === end(right) ? 0 : end(right) - end(left)));
}

function issuedLine(lab: Scenario, record: CredentialRecord): AuditLine {
  const { scope, generation, keyId, expiresAt } = record;
  const found = repositoryOf(lab, scope.repository);
  const { issuer = null, storedAccessPolicy = false } = found?.repository ?? {};
  const revocation = issuer === null ? 'never' : ISSUERS[issuer].revocation;
  return {
    type: 'working',
    tenant: scope.tenant,
    scope: scopeId(scope),
    generation,
    keyId: keyId === '' ? null : keyId,
    worksUntil: expiresAt,
    reason: reasonOf(lab, record),
    revocation: storedAccessPolicy ? 'delayed' : revocation,
  };
}

function reasonOf(lab: Scenario, { scope, state, keyId }: CredentialRecord): Reason {
  const tenant = lab.tenants.find(({ name }) => name === scope.tenant);
  if (state === 'intent' || keyId === '') return 'orphaned';
  if (tenant === undefined || repositoryOf(lab, scope.repository) === undefined) return 'removed';
  if (tenant.disabled) return 'disabled';
  return state === 'live' ? 'current' : 'superseded';
}

/** The SP's own keys, and whom the settings of today would hand them to. */
function ownerLines(lab: Scenario): readonly AuditLine[] {
  return lab.repositories.flatMap((repository) => {
    const storage = lab.storages.find(({ name }) => name === repository.storage);
    const own = {
      type: 'working',
      generation: null,
      keyId: null,
      worksUntil: null,
      revocation: 'never',
    } as const;
    const ownLine: AuditLine = {
      ...own,
      tenant: null,
      scope: `*/${repository.name}`,
      reason: 'owner',
    };
    if (storage === undefined) return [];
    const decision = routeOracle(routeSettingsOf(storage.kind, repository, SERVER_JOB));
    if (!decision.ok || decision.route.credential !== 'shared') return [ownLine];
    const shared = lab.tenants
      .filter(({ disabled }) => !disabled)
      .map(
        ({ name }): AuditLine => ({
          ...own,
          tenant: name,
          scope: `${name}/${repository.name}`,
          reason: 'shared',
        }),
      );
    return [ownLine, ...shared];
  });
}

function tell(context: CommandContext, lines: readonly AuditLine[], now: EpochMs): void {
  if (context.json) {
    for (const line of lines) context.stdout(JSON.stringify(line));
    return;
  }
  context.stdout(`What opens a storage at ${shortInstant(now)} on the lab's clock:`);
  const columns = [
    { title: 'scope' },
    { title: 'gen', align: 'right' as const },
    { title: 'works until' },
    { title: 'left' },
    { title: 'revocable' },
    { title: 'why' },
  ];
  const rows = lines.map((line) => [
    line.scope,
    line.generation === null ? '-' : String(line.generation),
    line.worksUntil === null ? 'for ever' : shortInstant(line.worksUntil),
    line.worksUntil === null ? '-' : left(line.worksUntil - now),
    line.revocation === 'never' ? 'no' : 'yes',
    WHY[line.reason],
  ]);
  for (const line of formatTable(columns, rows, { ascii: context.ascii })) context.stdout(line);
}

function left(ms: number): string {
  return formatDuration(Math.max(MINUTE_MS, ms - (ms % MINUTE_MS)));
}
