import type { CredentialRecord } from '../../../machines/ports/config-database.ts';
import { formatDuration } from '../../../machines/rules/duration.ts';
import { isExpired, renewalDueAt } from '../../../machines/rules/renewal.ts';
import { scopeId } from '../../../machines/rules/scope.ts';
import { type EpochMs, formatInstant, MINUTE_MS } from '../../../machines/rules/time.ts';
import { DEFAULT_LAB } from '../../lab/default-lab.ts';
import { labNow, readCredentials } from '../../lab/lab-records.ts';
import { StateFolder } from '../../lab/state-folder.ts';
import type { Scenario } from '../../scenario/index.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { EXIT } from '../exit-codes.ts';
import type { CredentialsOptions } from '../options.ts';
import { formatTable } from '../table.ts';
import { readLab, renewalLineOf, repositoryOf } from './read-lab.ts';

interface CredentialLine {
  readonly type: 'credential';
  readonly scope: string;
  readonly tenant: string;
  readonly subtenant: string | null;
  readonly repository: string;
  readonly generation: number;
  readonly keyId: string;
  readonly issuedAt: EpochMs;
  readonly expiresAt: EpochMs;
  readonly leftMs: number;
  /** First instant at which a connect renews it (C2, C10); `null`: its repository is gone. */
  readonly renewalDueAt: EpochMs | null;
  readonly state: 'fresh' | 'due' | 'expired' | 'superseded' | 'revoked' | 'irrevocable';
  /** C13: an older generation that the storage still accepts. */
  readonly isAlive: boolean;
}

/** All generations of a lab's credentials, from the SP's database; no secret is opened. */
export async function credentials(
  context: CommandContext,
  options: CredentialsOptions,
): Promise<CommandResult> {
  if (!StateFolder.exists(context.stateDirectory)) {
    context.stderr(`There is no lab in ${context.stateDirectory} yet; a first backup makes one.`);
    return EXIT.ok;
  }
  const folder = StateFolder.open(context.stateDirectory, DEFAULT_LAB);
  try {
    const now = labNow(folder);
    const lab = readLab(context.stateDirectory);
    const records = await readCredentials(folder);
    const lines = records
      .filter(({ state }) => state !== 'intent')
      .filter(({ scope }) => options.tenant === null || scope.tenant === options.tenant)
      .filter(({ scope }) => options.repository === null || scope.repository === options.repository)
      .map((record) => describe(record, lab, now));
    const isFiltered = options.tenant !== null || options.repository !== null;
    tellCredentials(context, lines, { now, isFiltered });
  } finally {
    folder.close();
  }
  return EXIT.ok;
}

function describe(record: CredentialRecord, lab: Scenario, now: EpochMs): CredentialLine {
  const { scope, generation, keyId, issuedAt, expiresAt } = record;
  const found = repositoryOf(lab, scope.repository);
  const dueAt =
    found === undefined
      ? null
      : renewalDueAt(expiresAt, renewalLineOf(found.repository, found.storage));
  const isOver = isExpired(expiresAt, now);
  const live = dueAt !== null && now >= dueAt ? 'due' : 'fresh';
  const state = isOver ? 'expired' : record.state === 'live' ? live : record.state;
  return {
    type: 'credential',
    scope: scopeId(scope),
    tenant: scope.tenant,
    subtenant: scope.subtenant,
    repository: scope.repository,
    generation,
    keyId,
    issuedAt,
    expiresAt,
    leftMs: Math.max(0, expiresAt - now),
    renewalDueAt: dueAt,
    state: state === 'intent' ? 'irrevocable' : state,
    isAlive: !isOver && record.state !== 'revoked',
  };
}

const STATE_WORDS: Readonly<Record<CredentialLine['state'], string>> = {
  fresh: 'kept at the next connect',
  due: 'renewed at the next connect (C2)',
  expired: 'expired',
  superseded: 'superseded, still alive (C13)',
  revoked: 'revoked',
  irrevocable: 'cannot be revoked, alive until it expires',
};

function tellCredentials(
  context: CommandContext,
  lines: readonly CredentialLine[],
  { now, isFiltered }: { readonly now: EpochMs; readonly isFiltered: boolean },
): void {
  if (context.json) {
    for (const line of lines) context.stdout(JSON.stringify(line));
    return;
  }
  context.stdout(`The lab's clock shows ${shortInstant(now)}.`);
  if (lines.length === 0) {
    context.stdout(
      isFiltered
        ? 'No credential matches --tenant and --repository; without them all are shown.'
        : 'No credential has been issued yet.',
    );
    return;
  }
  const rows = lines.map((line) => [
    line.scope,
    String(line.generation),
    shortInstant(line.issuedAt),
    shortInstant(line.expiresAt),
    line.leftMs === 0 ? '-' : formatDuration(line.leftMs - (line.leftMs % MINUTE_MS)),
    line.renewalDueAt === null ? '-' : shortInstant(line.renewalDueAt),
    STATE_WORDS[line.state],
  ]);
  const columns = [
    { title: 'scope' },
    { title: 'gen', align: 'right' as const },
    { title: 'issued (UTC)' },
    { title: 'expires' },
    { title: 'left' },
    { title: 'renewal line' },
    { title: 'state' },
  ];
  for (const line of formatTable(columns, rows, { ascii: context.ascii })) context.stdout(line);
}

export function shortInstant(at: EpochMs): string {
  return formatInstant(at).slice(0, 16).replace('T', ' ');
}
