import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { RunSummary } from '../world/run-summary.ts';

/** Byte counts of one running mover, cumulative: on the data link, and at the storage. */
export interface MoverCounts {
  /** `source` or `target`. */
  readonly role: string;
  readonly linkBytes: number;
  readonly storageBytes: number;
}

/**
 * A run as a live view sees it: it reads what happened and gives orders, and can do nothing else to
 * the run. No method throws; orders after the end of the run do nothing.
 */
export interface LiveRun {
  readonly title: string;
  readonly world: 'lab' | 'memory';
  /** Epoch ms on the run's clock. */
  now(): EpochMs;
  /** Hands over every event so far, then each new one, in order. Returns the unsubscriber. */
  subscribe(listener: (event: LogEvent) => void): () => void;
  /** Byte counts of running movers. Returns the unsubscriber. */
  onProgress(listener: (sessionId: string, counts: MoverCounts) => void): () => void;
  /**
   * Moves the run's clock forward between two steps of the scenario and resolves when it has
   * moved; null where this run can't. Rejects with a sentence for people.
   */
  readonly warp: ((byMs: number) => Promise<void>) | null;
  /** Holds the scenario before its next step. */
  pause(): void;
  /** Lets a held scenario go on. */
  continue(): void;
  isPaused(): boolean;
  /** Ends the run soon, also a held one; `finished` still settles. Calling it again is nothing. */
  cancel(): void;
  readonly finished: Promise<RunSummary>;
}
