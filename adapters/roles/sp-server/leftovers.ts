import type { ConfigDatabase } from '../../../machines/ports/config-database.ts';
import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import type { EventLog } from '../../../machines/ports/event-log.ts';
import { toFortnightError } from '../../../machines/rules/errors.ts';
import type { SpRepository, SpStorageAccess } from './settings.ts';

/**
 * F3, I74: removes from the storage what an issuer made and no record of the SP knows. Resolves
 * `false` where the issuer makes nothing in the storage, or could not be asked now.
 */
export async function removeLeftovers(
  repository: string,
  issuer: CredentialIssuer,
  { database, log }: { readonly database: ConfigDatabase; readonly log: EventLog },
): Promise<boolean> {
  if (issuer.removeLeftovers === undefined) return false;
  const note = (type: string, data: Record<string, string | number>): void =>
    log.write({ node: 'sp', type, session: null, data: { repository, ...data } });
  try {
    // Of all repositories: two may lie in one account.
    const records = await database.listCredentials();
    const known = new Set(records.map(({ keyId }) => keyId).filter((keyId) => keyId !== ''));
    const removed = await issuer.removeLeftovers(known);
    if (removed.length > 0) note('credential.leftoversRemoved', { count: removed.length });
    return true;
  } catch (error) {
    note('credential.leftoversUnknown', { code: toFortnightError(error).code });
    return false;
  }
}

/** When the SP starts: what a crash has left is gone before anything new is issued. */
export async function sweepAll(
  repositories: Iterable<SpRepository>,
  storage: SpStorageAccess,
  records: { readonly database: ConfigDatabase; readonly log: EventLog },
): Promise<void> {
  // All at once: a storage that does not answer must not hold the start up for the others.
  await Promise.all(
    [...repositories].map((repository) =>
      removeLeftovers(repository.name, storage.issuerFor(repository), records),
    ),
  );
}
