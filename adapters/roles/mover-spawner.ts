import type { Link } from '../../machines/ports/link.ts';

/** A mover process, seen by the server that started it. */
export interface SpawnedMover {
  readonly link: Link;
  /** Resolves when the process is gone, however it went. */
  readonly exited: Promise<void>;
  /** For faults and for movers that do not obey `order.stop`. */
  kill(): void;
}

/**
 * Starts data movers: an operating-system process each in real runs (architecture, decision 8), or
 * in memory in simulated ones. Rejects with `mover.notStarted`.
 */
export interface MoverSpawner {
  spawn(name: string): Promise<SpawnedMover>;
}
