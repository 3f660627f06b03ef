import type {
  SessionJob,
  SessionResult,
} from '../../../adapters/roles/tenant-server/session-job.ts';
import type { JobKind, Operation } from '../../../machines/rules/settings.ts';
import { DEFAULT_LAB } from '../../lab/default-lab.ts';
import { realNow } from '../../lab/lab-records.ts';
import { type OpenLab, openLab } from '../../lab/open-lab.ts';
import { StateFolder } from '../../lab/state-folder.ts';
import { formatProblem, loadScenario, type Scenario } from '../../scenario/index.ts';
import { formatSize } from '../../scenario/size.ts';
import type { CommandContext } from '../command-context.ts';
import { CommandError } from '../command-error.ts';
import { EXIT, type ExitCode, exitCodeOfError } from '../exit-codes.ts';
import { buildName } from './surroundings.ts';

export interface LabUse {
  readonly lab: Scenario;
  readonly folder: StateFolder;
  readonly open: OpenLab;
}

function readLab(folder: StateFolder): Scenario {
  const result = loadScenario(folder.labFile, folder.path);
  if (result.ok) return result.scenario;
  throw new CommandError(EXIT.config, [
    ...result.problems.flatMap(formatProblem),
    'The lab was not started.',
  ]);
}

/** Opens the state folder's lab, works in it, and closes it whatever happens. */
export async function withLab<Result>(
  context: CommandContext,
  command: string,
  work: (use: LabUse) => Promise<Result>,
): Promise<Result> {
  const folder = StateFolder.open(context.stateDirectory, DEFAULT_LAB);
  try {
    const lab = readLab(folder);
    const open = await openLab({
      folder,
      lab,
      command,
      realNow: realNow(),
      build: buildName(),
      onProgress: progressLine(context),
    });
    const cancel = (): void => open.world.cancelAll();
    context.signal.addEventListener('abort', cancel, { once: true });
    try {
      return await work({ lab, folder, open });
    } finally {
      context.signal.removeEventListener('abort', cancel);
      await open.close();
    }
  } finally {
    folder.close();
  }
}

/** One line of talk for each 64 MiB that reach the storage; nothing for small backups. */
function progressLine(context: CommandContext) {
  const stepBytes = 64 * 1024 ** 2;
  const told = new Map<string, number>();
  return (session: string, counts: { role: string; storageBytes: number }): void => {
    if (counts.role !== 'target' || context.json) return;
    const last = told.get(session) ?? 0;
    if (counts.storageBytes - last < stepBytes) return;
    told.set(session, counts.storageBytes);
    context.stderr(`${formatSize(counts.storageBytes)} …`);
  };
}

/** The parts of a session that every command fills in the same way. */
export function labJob(
  use: LabUse,
  choice: {
    readonly tenant: string;
    readonly subtenant: string | null;
    readonly repository: string;
    readonly operation: Operation;
    readonly kind: JobKind;
    readonly backup: string;
  },
): SessionJob {
  const { lab, open } = use;
  const tenant = lab.tenants.find(({ name }) => name === choice.tenant);
  if (tenant === undefined) throw unknownName('tenant', choice.tenant, lab.tenants, use);
  const repository = lab.repositories.find(({ name }) => name === choice.repository);
  if (repository === undefined) {
    throw unknownName('repository', choice.repository, lab.repositories, use);
  }
  const isKnown = tenant.subtenants.some(({ name }) => name === choice.subtenant);
  if (choice.subtenant !== null && !isKnown) {
    throw unknownName('subtenant', choice.subtenant, tenant.subtenants, use);
  }
  return {
    id: sessionId(open.world.now()),
    subtenant: choice.subtenant,
    repository: choice.repository,
    operation: choice.operation,
    jobKind: choice.kind,
    backup: choice.backup,
    restorePoint: null,
    blockBytes: 1024 ** 2,
    needsHttpProxy: false,
    isTenantConfigBackup: false,
    source: null,
    sink: null,
    parallelRequests: 4,
    inSession: repository.inSession,
    marginMs: repository.marginMs,
    quotaWaitMs: 0,
  };
}

let started = 0;

/** Unique within a lab: its time, this process, and a count. */
function sessionId(at: number): string {
  started += 1;
  return `s${at.toString(36)}-${process.pid.toString(36)}-${started}`;
}

function unknownName(
  what: string,
  name: string,
  known: readonly { readonly name: string }[],
  use: LabUse,
): CommandError {
  const names = known.map((one) => one.name).join(', ') || 'none';
  return new CommandError(EXIT.config, [
    `The lab has no ${what} "${name}" (it has: ${names}). Add it to ${use.folder.labFile}.`,
  ]);
}

/** 0, or the code that belongs to what ended the session. */
export function exitCodeOf(result: SessionResult): ExitCode {
  if (result.state === 'done') return EXIT.ok;
  return result.code === null ? EXIT.failed : exitCodeOfError(result.code);
}

/** `Failed (quota.exceeded): …`, or nothing. */
export function failureLine(result: SessionResult): string | null {
  if (result.state === 'done') return null;
  return `${result.operation} ${result.state} (${result.code ?? 'unknown'}): ${result.detail}`;
}
