import { createRequire } from 'node:module';

type SqliteModule = typeof import('node:sqlite');

/**
 * Loads `node:sqlite`. Node 22 prints an ExperimentalWarning when it is loaded; it must not reach
 * the user's terminal, and only that one warning is held back.
 */
export function loadSqlite(): SqliteModule {
  const emitWarning = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    const text = typeof warning === 'string' ? warning : warning.message;
    if (!text.startsWith('SQLite is an experimental feature')) emitWarning(warning, ...rest);
  }) as typeof process.emitWarning;
  try {
    return createRequire(import.meta.url)('node:sqlite') as SqliteModule;
  } finally {
    process.emitWarning = emitWarning;
  }
}
