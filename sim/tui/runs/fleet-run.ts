import type { LogEvent } from '../../../machines/ports/event-log.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';
import type { RunSummary, SummaryViolation } from '../../world/run-summary.ts';
import type { BranchRun, Demand, Offer, Order } from '../live-run.ts';
import { startLiveChecks } from '../model/live-checks.ts';
import type { RuleReport } from '../model/rules.ts';

/** A simulated fleet as it is driven here: it knows nothing of who watches. */
export interface FleetSource {
  now(): EpochMs;
  /** Works off so many tasks; `false` when it is over. */
  advance(tasksMax: number): boolean;
  /** `40 % of 30 days`. */
  progress(): string;
  /** What is wrong with its end besides broken rules: sessions that did not end (L1). */
  problems(): readonly SummaryViolation[];
}

export interface FleetRunOptions {
  readonly title: string;
  readonly startAt: EpochMs;
  /** Builds the fleet with these changes; each event goes to the sink. */
  readonly open: (changes: readonly FleetChange[], sink: (event: LogEvent) => void) => FleetSource;
  readonly changes?: readonly FleetChange[];
  readonly offers: readonly Offer[];
  /** Begins a slice of real time; the answer says whether it is used up. */
  readonly startSlice: () => () => boolean;
  /** Told when it is over or cut; a fleet that took its place tells later. */
  readonly onOver?: (rules: RuleReport, isCut: boolean) => void;
}

/** A change that was chosen from the offers, and when. */
export interface FleetChange {
  readonly name: string;
  readonly at: EpochMs;
}

/** Between two looks at the time and at what is asked for. */
const TASKS_AT_ONCE = 32;
/** A day is nine seconds: something happens at once, and can still be read. */
const START_RATE = 10_000;

/**
 * A fleet that can be watched: it goes on as far as it is asked to, in slices of real time, and
 * keys are answered between two of them. The same seed gives the same log, so a change is given to
 * a fleet that is run again up to here.
 */
export function startFleetRun(options: FleetRunOptions): BranchRun {
  const { title, startAt, offers, changes = [] } = options;
  const listeners = new Set<(event: LogEvent) => void>();
  const checks = startLiveChecks();
  const { promise: finished, resolve, reject } = Promise.withResolvers<RunSummary>();
  finished.catch(() => {});
  let source: FleetSource | null = null;
  let eventCount = 0;
  let demand: Demand | null = null;
  let isWorking = false;
  let isOver = false;
  let isCut = false;

  const see = (event: LogEvent): void => {
    eventCount += 1;
    checks.see(event);
    for (const listener of listeners) listener(event);
  };
  const now = (): EpochMs => source?.now() ?? startAt;
  const isMet = ({ until, atLeast, atMost }: Demand): boolean =>
    eventCount >= atMost || (eventCount >= atLeast && now() > until);
  const end = (more: readonly SummaryViolation[]): void => {
    isOver = true;
    const rules = isCut ? checks.report() : checks.end();
    options.onOver?.(rules, isCut);
    const violations = [...rules.violations, ...more];
    const ok = violations.length === 0 && !isCut;
    resolve({ type: 'run.summary', ok, title, violations, sessions: [], credentials: [] });
  };
  const workOn = (): void => {
    try {
      isWorking = work();
    } catch (error) {
      isWorking = false;
      isOver = true;
      reject(error);
    }
    if (isWorking) setImmediate(workOn);
  };
  /** One slice; true when there is more to do. */
  const work = (): boolean => {
    const isUsedUp = options.startSlice();
    source ??= options.open(changes, see);
    while (!isOver && demand !== null && !isMet(demand)) {
      if (!source.advance(TASKS_AT_ONCE)) {
        end(source.problems());
        return false;
      }
      if (isUsedUp()) return true;
    }
    return false;
  };
  const cancel = (): void => {
    demand = null;
    if (isOver) return;
    isCut = true;
    end([]);
  };
  return {
    title,
    world: 'fleet',
    scenario: null,
    pace: 'clocked',
    clocked: {
      startRate: START_RATE,
      goOn: (wanted) => {
        demand = wanted;
        if (isOver || isWorking || demand === null || isMet(demand)) return;
        isWorking = true;
        setImmediate(workOn);
      },
      rules: checks.report,
      progress: () => source?.progress() ?? '',
      offers,
    },
    now,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onProgress: () => () => {},
    steps: () => [],
    stepsLeft: () => (isOver ? 0 : 1),
    isWaiting: () => false,
    next: () => {},
    hold: () => {},
    release: () => {},
    isHeld: () => false,
    order: () => {},
    pendingOrders: () => 0,
    strikes: () => [],
    branch: async (_position: number, order: Order | null) => {
      const added = order?.type === 'change' ? [{ name: order.name, at: order.at }] : [];
      // What was changed later than this is of another future.
      const before = changes.filter(({ at }) => order?.type !== 'change' || at <= order.at);
      return startFleetRun({ ...options, changes: [...before, ...added] });
    },
    stay: () => {},
    cancel,
    wasCut: () => isCut,
    finished,
    close: async () => cancel(),
  };
}
