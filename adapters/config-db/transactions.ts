import type { DatabaseSync } from 'node:sqlite';
import { FortnightError } from '../../machines/rules/errors.ts';

const SQLITE_FULL = 13;
const SQLITE_IOERR = 10;

/**
 * Runs `change` whole or not at all. Rejects with `disk.full` when the disk (or the page limit) is
 * used up, else with `records.failed`; SQLite's texts name tables, never values.
 */
export async function inTransaction<Result>(
  database: DatabaseSync,
  change: () => Result,
): Promise<Result> {
  return guarded(() => {
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = change();
      database.exec('COMMIT');
      return result;
    } catch (thrown) {
      // SQLite may have rolled back by itself (full disk); then there is nothing left to undo.
      if (database.isTransaction !== false) {
        try {
          database.exec('ROLLBACK');
        } catch {
          // The first error is the one to tell.
        }
      }
      throw thrown;
    }
  });
}

/** For reads: the same naming of errors without a transaction. */
export async function guarded<Result>(read: () => Result): Promise<Result> {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof FortnightError) throw thrown;
    const { code, errcode, errstr } = thrown as {
      readonly code?: string;
      readonly errcode?: number;
      readonly errstr?: string;
    };
    const primary = (errcode ?? 0) & 0xff;
    if (primary === SQLITE_FULL || code === 'ENOSPC') throw new FortnightError('disk.full');
    const kind = primary === SQLITE_IOERR ? 'disk error' : (errstr ?? code ?? 'unknown error');
    throw new FortnightError('records.failed', kind);
  }
}
