import type { LogEvent } from '../../machines/ports/event-log.ts';

/** Which machine a part of the log is compared with. */
export type FollowedMachine = 'backup session' | 'credential lifecycle' | 'control connection';

/** The first line that no state of a machine allows. */
export interface Deviation {
  readonly machine: FollowedMachine;
  /** The session, the scope or the tenant. */
  readonly subject: string;
  readonly event: LogEvent;
  /** Where the machine may have been before this line. */
  readonly states: readonly string[];
  /** What it would have allowed instead, in words. */
  readonly expected: readonly string[];
}

export interface Conformance {
  readonly sessions: number;
  readonly scopes: number;
  readonly connections: number;
  /** Lines that were compared with a machine; the rest of a log is nobody's step. */
  readonly lines: number;
  /** The most machine states that one subject could have been in at once. */
  readonly statesMax: number;
  /** At most one for each subject, in the order of the log. */
  readonly deviations: readonly Deviation[];
  /** What was too uncertain to be followed to its end. */
  readonly lost: readonly string[];
}

/**
 * How a world writes its log. `roles`: the memory world, the lab and live runs, where one program
 * writes each fact at the moment in which its machine hears it. `fleet`: facts are told when they
 * happen and heard later, ordinary states are not told, and clocks differ.
 */
export type Dialect = 'roles' | 'fleet';

/** What a fleet's file says about its sessions, where the header has it. */
export interface SessionLimits {
  readonly restartsMax: number;
  readonly reconnectBudgetMs: number;
}
