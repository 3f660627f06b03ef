import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import type { Scenario, ScenarioFault, ScenarioStep } from '../scenario/types.ts';
import type { RunSummary, WorldName } from '../world/run-summary.ts';
import type { RuleReport } from './model/rules.ts';

/** Byte counts of one running mover, cumulative: on the data link, and at the storage. */
export interface MoverCounts {
  /** `source` or `target`. */
  readonly role: string;
  readonly linkBytes: number;
  readonly storageBytes: number;
}

/** What strikes in the middle of a step. */
export type Act =
  | { readonly type: 'fault'; readonly fault: ScenarioFault }
  | { readonly type: 'killMover'; readonly session: string; readonly role: 'source' | 'target' }
  | { readonly type: 'dropConnections' }
  | { readonly type: 'restartHost'; readonly host: string }
  | { readonly type: 'restartProvider' }
  | { readonly type: 'cancel'; readonly session: string };

/**
 * A wish of the user as plain data, so that it can be repeated in another run. A step comes before
 * the scenario's own next step; an act comes at once.
 */
export type Order =
  | { readonly type: 'step'; readonly step: ScenarioStep }
  /** Like the step `warp`, but to an instant; nothing where that has passed. */
  | { readonly type: 'warpTo'; readonly at: EpochMs }
  | { readonly type: 'act'; readonly act: Act }
  /** One of the changes that a fleet offers, at an instant. */
  | { readonly type: 'change'; readonly name: string; readonly at: EpochMs };

/** How far a fleet is asked to go on. */
export interface Demand {
  /** Until its clock is past this, and so many events were logged in all. */
  readonly until: EpochMs;
  readonly atLeast: number;
  /** Not beyond so many events in all, whatever the clock says. */
  readonly atMost: number;
}

/** Something that can be changed in a fleet; the order names it by its label. */
export interface Offer {
  readonly label: string;
  readonly hint: string;
  readonly destroys: boolean;
}

/** What a run offers that goes on by its clock, as far as it is asked to. */
export interface ClockedPart {
  /** So many times real time to begin with. */
  readonly startRate: number;
  /** Works in slices between which keys are answered; null: stops. */
  goOn(demand: Demand | null): void;
  /** What the checkers say of all events that were logged so far. */
  rules(): RuleReport;
  /** `40 % of 30 days`. */
  progress(): string;
  readonly offers: readonly Offer[];
}

/** An order with its place in the run: the number of events before it, and its slot of the steps. */
export interface PlacedOrder {
  readonly order: Order;
  readonly position: number;
  /** Null: in the middle of a step, or not executed yet. */
  readonly slot: number | null;
}

/** A step that was begun; `position`: how many events were logged before it. */
export interface PlacedStep {
  readonly step: ScenarioStep;
  readonly position: number;
  readonly at: EpochMs;
  readonly isOrdered: boolean;
}

/**
 * A run as a live view sees it: it reads what happened and gives orders, and can do nothing else to
 * the run. No method throws; orders after the end of the run do nothing.
 */
export interface LiveRun {
  readonly title: string;
  readonly world: WorldName | 'trace' | 'fleet';
  /** Null: a recorded trace, which takes no orders; or a fleet, which has no steps. */
  readonly scenario: Scenario | null;
  /**
   * `asked`: a step begins when the view asks for it. `free`: steps follow each other. `clocked`:
   * it goes on until the instants that the view asks for.
   */
  readonly pace: 'asked' | 'free' | 'clocked';
  /** Of a `clocked` run, and only there. */
  readonly clocked?: ClockedPart;
  /** Epoch ms on the run's clock. */
  now(): EpochMs;
  /**
   * Hands over every event so far, then each new one, in order; of a `clocked` run, which keeps
   * none, only new ones: it begins when it is first asked. Returns the unsubscriber.
   */
  subscribe(listener: (event: LogEvent) => void): () => void;
  /** Byte counts of running movers. Returns the unsubscriber. */
  onProgress(listener: (sessionId: string, counts: MoverCounts) => void): () => void;
  steps(): readonly PlacedStep[];
  /** How many steps of the scenario have not begun. */
  stepsLeft(): number;
  /** It stands between two steps until it is asked to go on. */
  isWaiting(): boolean;
  /** `asked`: lets one step begin; does nothing while a step goes on. */
  next(): void;
  /** `free`: holds the scenario before its next step. */
  hold(): void;
  release(): void;
  isHeld(): boolean;
  order(order: Order): void;
  /** Orders that have not begun. */
  pendingOrders(): number;
  /** What struck in the middle of a step, which no scenario file can say. */
  strikes(): readonly PlacedOrder[];
  /**
   * The same scenario and seed again with the orders that came before a position, then this one;
   * null where a run cannot be repeated. Up to `freeUntil` (default: the position) its steps follow
   * each other unasked.
   */
  readonly branch:
    | ((position: number, order: Order | null, freeUntil?: number) => Promise<BranchRun>)
    | null;
  /** When the steps are over the run stays open for orders, until `cancel`. */
  stay(): void;
  /** Ends the run soon, also a held one; `finished` still settles. Calling it again is nothing. */
  cancel(): void;
  /** `cancel` came before its end: it says nothing about what was expected of it. */
  wasCut(): boolean;
  readonly finished: Promise<RunSummary>;
}

export interface BranchRun extends LiveRun {
  close(): Promise<void>;
}

/** The step of a scenario that an order amounts to; null where it amounts to none now. */
export function stepOf(order: Order, now: EpochMs): ScenarioStep | null {
  const place = { line: 0, column: 0 };
  if (order.type === 'step') return order.step;
  if (order.type === 'warpTo') {
    return order.at > now ? { type: 'warp', place, byMs: order.at - now } : null;
  }
  if (order.type === 'change') return null;
  return order.act.type === 'fault' ? { type: 'fault', place, fault: order.act.fault } : null;
}
