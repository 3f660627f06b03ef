import { join } from 'node:path';
import type {
  SessionJob,
  SessionResult,
} from '../../../adapters/roles/tenant-server/session-job.ts';
import { FortnightError } from '../../../machines/rules/errors.ts';
import type { JobKind, Operation } from '../../../machines/rules/settings.ts';
import { DEFAULT_LAB } from '../../lab/default-lab.ts';
import { realNow } from '../../lab/lab-records.ts';
import { type OpenLab, openLab } from '../../lab/open-lab.ts';
import { StateFolder } from '../../lab/state-folder.ts';
import type { Scenario } from '../../scenario/index.ts';
import { formatSize } from '../../scenario/size.ts';
import type { CommandContext } from '../command-context.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { EXIT, type ExitCode, exitCodeOfError } from '../exit-codes.ts';
import { readLab } from './read-lab.ts';
import { buildName } from './surroundings.ts';

export interface LabUse {
  readonly lab: Scenario;
  readonly folder: StateFolder;
  readonly open: OpenLab;
}

/** What a command asks of a lab before anything of it is made or started. */
export interface AskedOfLab {
  readonly tenant: string | null;
  readonly subtenant: string | null;
  readonly repository: string | null;
  /** A backup makes the lab where there is none; the others have nothing to look for in it. */
  readonly makesLab?: boolean;
}

/** Opens the state folder's lab, works in it, and closes it whatever happens. */
export async function withLab<Result>(
  context: CommandContext,
  command: string,
  asked: AskedOfLab,
  work: (use: LabUse) => Promise<Result>,
): Promise<Result> {
  const lab = readLab(context.stateDirectory);
  requireKnown(lab, asked, join(context.stateDirectory, 'lab.yaml'));
  if (asked.makesLab !== true) requireLab(context);
  const folder = StateFolder.open(context.stateDirectory, DEFAULT_LAB);
  try {
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
      // A signal that came while the lab was starting has found nobody to cancel.
      if (context.signal.aborted) throw new FortnightError('session.cancelled');
      return await work({ lab, folder, open });
    } finally {
      context.signal.removeEventListener('abort', cancel);
      await open.close();
    }
  } finally {
    folder.close();
  }
}

function requireLab({ stateDirectory }: CommandContext): void {
  if (StateFolder.exists(stateDirectory)) return;
  throw new UsageError(
    `There is no lab in ${stateDirectory} yet: a first "fortnight backup" makes one, or --state names another folder.`,
  );
}

function requireKnown(lab: Scenario, asked: AskedOfLab, labFile: string): void {
  const tenant = lab.tenants.find(({ name }) => name === asked.tenant);
  if (asked.tenant !== null && tenant === undefined) {
    throw unknownName('tenant', asked.tenant, lab.tenants, labFile);
  }
  const isKnown = lab.repositories.some(({ name }) => name === asked.repository);
  if (asked.repository !== null && !isKnown) {
    throw unknownName('repository', asked.repository, lab.repositories, labFile);
  }
  const subtenants = (tenant === undefined ? lab.tenants : [tenant]).flatMap(
    (one) => one.subtenants,
  );
  if (asked.subtenant !== null && !subtenants.some(({ name }) => name === asked.subtenant)) {
    throw unknownName('subtenant', asked.subtenant, subtenants, labFile);
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
  const { lab, folder, open } = use;
  requireKnown(lab, choice, folder.labFile);
  const repository = lab.repositories.find(({ name }) => name === choice.repository);
  if (repository === undefined) throw new Error(`unknown repository ${choice.repository}`);
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
  labFile: string,
): CommandError {
  const names = known.map((one) => one.name).join(', ') || 'none';
  return new CommandError(EXIT.config, [
    `fortnight: The lab has no ${what} "${name}" (it has: ${names}). Use one of these, or add it to ${labFile}.`,
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
