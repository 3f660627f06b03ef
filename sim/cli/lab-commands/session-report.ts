import type { SessionResult } from '../../../adapters/roles/tenant-server/session-job.ts';
import { formatSize } from '../../scenario/size.ts';
import { summarySession } from '../../world/run-scenario.ts';
import type { CommandContext } from '../command-context.ts';
import { failureLine } from './lab-session.ts';

/** The last line of a command that ran one session: `backup.summary`, `restore.summary`, … */
export function sessionSummary(result: SessionResult): Record<string, unknown> {
  const { summary } = result;
  return {
    type: `${result.operation}.summary`,
    ok: result.state === 'done',
    ...summarySession(result),
    backup: result.backup,
    detail: result.detail === '' ? null : result.detail,
    restorePoint: summary?.restorePoint ?? null,
    files: summary?.files ?? null,
    sourceBytes: summary?.sourceBytes ?? null,
    storageBytes: summary?.storageBytes ?? null,
    blocks:
      summary === null
        ? null
        : {
            total: summary.blocksTotal,
            stored: summary.blocksStored,
            reused: summary.blocksReused,
          },
    freedBytes: summary?.freedBytes ?? null,
  };
}

function routeLine(result: SessionResult): string {
  const { route } = result;
  if (route === null) return 'no route was opened';
  const credential =
    result.generation === null || result.generation === 0
      ? `credential at the tenant: ${route.credential}`
      : `credential generation ${result.generation}`;
  return `${route.dataPath} route, movers on ${route.sourceHost} and ${route.targetHost}, ${credential}`;
}

/** How one session went, for people or as its summary line. */
export function tellSession(
  context: CommandContext,
  result: SessionResult,
  sentence: string,
): void {
  if (context.json) {
    context.stdout(JSON.stringify(sessionSummary(result)));
    return;
  }
  const failure = failureLine(result);
  context.stdout(failure ?? sentence);
  context.stdout(`  ${routeLine(result)}`);
  const { source, gateway, storage } = result.bytes;
  context.stdout(
    `  bytes: ${formatSize(source)} at the source mover, ${formatSize(gateway)} through the gateway, ${formatSize(storage)} at the storage`,
  );
}
