import type { SessionResult } from '../../../adapters/roles/tenant-server/session-job.ts';
import { formatInstant } from '../../../machines/rules/time.ts';
import { StateFolder } from '../../lab/state-folder.ts';
import { formatSize } from '../../scenario/size.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { EXIT } from '../exit-codes.ts';
import type { ListOptions } from '../options.ts';
import { formatTable } from '../table.ts';
import { exitCodeOf, failureLine, type LabUse, labJob, withLab } from './lab-session.ts';

interface Place {
  readonly tenant: string;
  readonly subtenant: string | null;
  readonly repository: string;
}

type Listing = NonNullable<NonNullable<SessionResult['summary']>['listing']>;
type ListedPoint = Place & Listing[number];

/** The restore points of a lab, read from the storage itself. */
export async function list(context: CommandContext, options: ListOptions): Promise<CommandResult> {
  if (!StateFolder.exists(context.stateDirectory)) {
    context.stderr(`There is no lab in ${context.stateDirectory} yet; a first backup makes one.`);
    return EXIT.ok;
  }
  return withLab(context, 'list', options, async (use) => {
    const points: ListedPoint[] = [];
    for (const place of placesToList(use, options)) {
      const job = labJob(use, {
        ...place,
        operation: 'list',
        kind: 'server',
        backup: options.backup ?? '',
      });
      const result = await use.open.run(place.tenant, job);
      const failure = failureLine(result);
      if (failure !== null) {
        context.stderr(failure);
        return exitCodeOf(result);
      }
      for (const point of result.summary?.listing ?? []) points.push({ ...place, ...point });
    }
    tellPoints(context, points);
    return EXIT.ok;
  });
}

/** Where something was stored; a place that nobody has used is not asked, so nothing is issued. */
function placesToList(use: LabUse, options: ListOptions): readonly Place[] {
  const places = new Map<string, Place>();
  for (const { tenant, subtenant, repository, operation } of use.folder.memories()) {
    if (operation !== 'backup') continue;
    if (options.tenant !== null && tenant !== options.tenant) continue;
    if (options.subtenant !== null && subtenant !== options.subtenant) continue;
    if (options.repository !== null && repository !== options.repository) continue;
    places.set(JSON.stringify([tenant, subtenant, repository]), { tenant, subtenant, repository });
  }
  const { tenant, subtenant, repository } = options;
  if (places.size === 0 && tenant !== null && repository !== null) {
    return [{ tenant, subtenant, repository }];
  }
  return [...places.values()];
}

function tellPoints(context: CommandContext, points: readonly ListedPoint[]): void {
  if (context.json) {
    for (const point of points) {
      context.stdout(JSON.stringify({ type: 'restorePoint', ...point }));
    }
    return;
  }
  if (points.length === 0) {
    context.stderr(
      'No restore point is found; "fortnight backup FOLDER" makes one, "fortnight list" without options shows all.',
    );
    return;
  }
  const rows = points.map((point) => [
    point.id,
    point.subtenant === null ? point.tenant : `${point.tenant}@${point.subtenant}`,
    point.repository,
    point.backup,
    formatInstant(point.createdAt).slice(0, 16).replace('T', ' '),
    String(point.files),
    formatSize(point.sourceBytes),
  ]);
  const columns = [
    { title: 'restore point' },
    { title: 'tenant' },
    { title: 'repository' },
    { title: 'backup' },
    { title: 'made (UTC)' },
    { title: 'files', align: 'right' as const },
    { title: 'size', align: 'right' as const },
  ];
  for (const line of formatTable(columns, rows, { ascii: context.ascii })) context.stdout(line);
}
