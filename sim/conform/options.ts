import type { Json } from '../../machines/ports/event-log.ts';
import type { TraceHeader } from '../kernel/index.ts';
import type { ConformOptions } from './conform.ts';
import type { SessionLimits } from './types.ts';

/** How the log behind a header is to be read. */
export function conformOptionsOf({ kind, options }: TraceHeader): ConformOptions {
  if (kind !== 'fleet') return { dialect: 'roles' };
  return { dialect: 'fleet', limits: limitsOf(options.fleet) };
}

/** A fleet's file may set what a session server has as constants. */
function limitsOf(fleet: Json | undefined): SessionLimits | null {
  const session = recordOf(recordOf(fleet).session);
  const { restartsMax, reconnectBudgetMs } = session;
  if (typeof restartsMax !== 'number' || typeof reconnectBudgetMs !== 'number') return null;
  return { restartsMax, reconnectBudgetMs };
}

function recordOf(value: Json | undefined): Readonly<Record<string, Json | undefined>> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Readonly<Record<string, Json>>) : {};
}
