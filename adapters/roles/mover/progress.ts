import type { JsonObject } from '../../../machines/ports/event-log.ts';
import type { Link } from '../../../machines/ports/link.ts';
import type { EngineFact, TransferSummary } from '../../transfer/types.ts';
import { tell } from '../messages.ts';

/** News of progress goes up each time this many more bytes have moved. */
const PROGRESS_STEP_BYTES = 1024 * 1024;

export interface ProgressReporter {
  report(fact: Extract<EngineFact, { type: 'engine.progress' }>): void;
  complete(summary: TransferSummary): void;
  sendCompleted(): void;
  /** Bytes counted so far; for the hop counts of a session that did not complete. */
  counted(): { readonly linkBytes: number; readonly storageBytes: number };
}

export function createProgressReporter(parent: Link): ProgressReporter {
  let reportedBytes = 0;
  let counted = { linkBytes: 0, storageBytes: 0 };
  let summary: TransferSummary | null = null;
  return {
    report: ({ linkBytes, storageBytes }) => {
      counted = { linkBytes, storageBytes };
      const moved = Math.max(linkBytes, storageBytes);
      if (moved - reportedBytes < PROGRESS_STEP_BYTES) return;
      reportedBytes = moved;
      tell(parent, 'report.progress', counted);
    },
    complete: (completed) => {
      summary = completed;
      counted = { linkBytes: completed.linkBytes, storageBytes: completed.storageBytes };
    },
    sendCompleted: () => {
      if (summary === null) throw new Error('an engine completed without a summary');
      tell(parent, 'report.completed', { summary: summary as unknown as JsonObject });
    },
    counted: () => counted,
  };
}
