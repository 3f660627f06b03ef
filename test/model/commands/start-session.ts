import fc from 'fast-check';
import { HOUR_MS } from '../../../machines/rules/time.ts';
import { type JobDraw, sessionJob } from '../composed/jobs.ts';
import { CLIENTS, clientName, REPOSITORIES } from '../composed/setting.ts';
import { type ComposedCommand, command } from './command.ts';

/** A clock that is a day wrong has no use of a credential that lives an hour. */
function isSensible({ client, repository }: JobDraw): boolean {
  return repository !== 'short' || client.tenant === 'globex';
}

/** One session of any operation on any route; several of one scope may go on side by side. */
export const startSession: fc.Arbitrary<ComposedCommand> = fc
  .record<JobDraw>({
    client: fc.constantFrom(...CLIENTS),
    repository: fc.constantFrom('vault', 'vault', ...REPOSITORIES),
    operation: fc.constantFrom('backup', 'backup', 'backup', 'restore', 'list', 'verify', 'delete'),
    backup: fc.constantFrom('a', 'b'),
    jobKind: fc.constantFrom('server', 'server', 'agent'),
    inSession: fc.constantFrom('reconnect', 'reconnect', 'proactive', 'strict'),
    quotaWaitMs: fc.constantFrom(0, HOUR_MS),
  })
  .filter(isSensible)
  .map((draw) => {
    const { client, repository, operation, backup, jobKind, inSession, quotaWaitMs } = draw;
    const details = [
      ...(jobKind === 'agent' ? ['agent'] : []),
      ...(inSession === 'reconnect' ? [] : [inSession]),
      ...(quotaWaitMs === 0 ? [] : ['waits for quota']),
    ];
    const place = `${clientName(client)}, ${repository}, "${backup}"`;
    return command(`${operation}(${[place, ...details].join(', ')})`, (world) => {
      world.startSession(client.tenant, sessionJob(`s${world.sessions.length + 1}`, draw));
    });
  });
