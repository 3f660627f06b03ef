import { createRealClock, virtualNow } from '../../adapters/clock/index.ts';
import { openSqliteConfigDatabase } from '../../adapters/config-db/sqlite.ts';
import type { CredentialRecord } from '../../machines/ports/config-database.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { StateFolder } from './state-folder.ts';
import { asStateFolderError } from './state-folder-error.ts';

/** Epoch ms in the real world, where a lab's clock is anchored. */
export function realNow(): EpochMs {
  return createRealClock().now();
}

/** What the clock of a lab shows while nobody works in it. */
export function labNow(folder: StateFolder): EpochMs {
  const state = folder.clockState();
  return state === null ? realNow() : virtualNow(state, realNow());
}

/** The credentials of a lab that is not running, from the SP's database; no secret is opened. Throws StateFolderError. */
export async function readCredentials(folder: StateFolder): Promise<readonly CredentialRecord[]> {
  try {
    const database = openSqliteConfigDatabase({
      path: folder.databasePath,
      key: { bytes: folder.databaseKey() },
    });
    try {
      return await database.listCredentials();
    } finally {
      database.close();
    }
  } catch (error) {
    throw asStateFolderError(error);
  }
}
