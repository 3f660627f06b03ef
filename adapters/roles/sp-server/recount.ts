import type { ConfigDatabase } from '../../../machines/ports/config-database.ts';
import type { EventLog } from '../../../machines/ports/event-log.ts';
import type { ObjectStore } from '../../../machines/ports/object-store.ts';
import { toFortnightError } from '../../../machines/rules/errors.ts';
import { clientPrefix } from '../../../machines/rules/layout.ts';
import { type CredentialScope, scopeId } from '../../../machines/rules/scope.ts';
import type { QuotaAccount, QuotaBook } from './quota-book.ts';
import type { SpRegister } from './register.ts';
import type { SessionRecord } from './session-record.ts';
import type { SpStorageAccess } from './settings.ts';

export interface RecountOptions {
  readonly log: EventLog;
  readonly database: ConfigDatabase;
  readonly storage: SpStorageAccess;
  readonly quota: QuotaBook;
  readonly register: SpRegister;
}

/**
 * F35: what lies in the tenant's folders is what is used. Only when no other session writes there;
 * uploads that a dead mover has left are aborted by the way (I75, F48).
 */
export async function recount(record: SessionRecord, options: RecountOptions): Promise<void> {
  const { log, database, storage, quota, register } = options;
  const { scope } = record;
  if (register.isShared(record)) return;
  const repository = register.repository(scope.repository);
  const credential = await database.openRepositoryCredential(repository.name);
  if (credential === null) return;
  const withStore = async <Result>(
    folder: CredentialScope,
    use: (store: ObjectStore, prefix: string) => Promise<Result>,
  ): Promise<Result> => {
    const location = await storage.locate(repository, folder);
    const store = storage.storeFor(location, credential);
    try {
      return await use(store, clientPrefix(folder));
    } finally {
      store.close();
    }
  };
  try {
    for (const account of record.accounts) {
      let bytes = 0;
      for (const folder of foldersOf(account, scope, register)) {
        bytes += await withStore(folder, storedBytes);
      }
      // Somebody has begun to write there meanwhile: the next end counts.
      if (register.isShared(record)) return;
      await quota.setUsed(account, bytes);
    }
    if (!register.isShared(record)) {
      await withStore(scope, (store, prefix) => store.abortUploads(prefix));
    }
  } catch (error) {
    const { code } = toFortnightError(error);
    log.write({
      node: 'sp',
      type: 'quota.recountFailed',
      session: record.id,
      data: { scope: scopeId(scope), code },
    });
  }
}

/** Q4: the tenant's account covers its own folder and those of all its subtenants. */
function foldersOf(
  account: QuotaAccount,
  scope: CredentialScope,
  register: SpRegister,
): readonly CredentialScope[] {
  if (account.id !== scopeId({ ...scope, subtenant: null })) return [scope];
  const subtenants = register.tenants.get(scope.tenant)?.subtenants ?? [];
  return [null, ...subtenants.map(({ name }) => name)].map((subtenant) => ({
    ...scope,
    subtenant,
  }));
}

async function storedBytes(store: ObjectStore, prefix: string): Promise<number> {
  let bytes = 0;
  for await (const object of store.list(prefix)) bytes += object.sizeBytes;
  return bytes;
}
