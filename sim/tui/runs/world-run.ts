import type { LogEvent } from '../../../machines/ports/event-log.ts';
import type { EventSink } from '../../kernel/index.ts';
import type { Scenario } from '../../scenario/types.ts';
import type { ProgressListener } from '../../world/assembly.ts';
import { runScenario } from '../../world/run-scenario.ts';
import type { SummarySession, WorldName } from '../../world/run-summary.ts';
import type { World } from '../../world/world.ts';
import type { Act, BranchRun, LiveRun, PlacedOrder } from '../live-run.ts';
import { Conductor } from './conductor.ts';

/** Builds a world; its sinks and its listener are the run's. */
export type OpenWorld = (parts: {
  readonly sinks: readonly EventSink[];
  readonly onProgress: ProgressListener;
}) => Promise<World>;

export interface WorldRunOptions {
  readonly scenario: Scenario;
  readonly world: WorldName;
  readonly open: OpenWorld;
  readonly pace: LiveRun['pace'];
  /** The same scenario gives the same log: the run can be repeated and branched. */
  readonly isRepeatable: boolean;
  readonly placed?: readonly PlacedOrder[];
  readonly freeUntil?: number;
  readonly sinks?: readonly EventSink[];
  readonly onSession?: (session: SummarySession) => void;
}

/** A world run whose world may still be on its way; nothing has happened in it until it is there. */
export interface WorldRun extends BranchRun {
  /** Rejects where the world cannot be opened, as `finished` does. */
  readonly opened: Promise<void>;
}

/** A scenario in a world that can be watched, paced, given orders, and repeated up to a point. */
export function startWorldRun(options: WorldRunOptions): WorldRun {
  const { scenario, open, pace, isRepeatable } = options;
  const early: LogEvent[] = [];
  const listeners = new Set<(event: LogEvent) => void>();
  const progressListeners = new Set<ProgressListener>();
  let world: World | null = null;
  let eventCount = 0;
  const conductor = new Conductor({
    scenario,
    isFree: pace === 'free',
    placed: options.placed ?? [],
    ...(options.freeUntil === undefined ? {} : { freeUntil: options.freeUntil }),
    now: () => world?.now() ?? scenario.startAt,
    eventCount: () => eventCount,
    act: (act) => {
      if (world !== null) perform(world, act);
    },
  });
  const opening = open({
    sinks: [
      ...(options.sinks ?? []),
      (event) => {
        eventCount += 1;
        if (world === null) early.push(event);
        for (const listener of listeners) listener(event);
        conductor.afterEvent();
      },
    ],
    onProgress: (session, counts) => {
      for (const listener of progressListeners) listener(session, counts);
    },
  });
  const stop = new AbortController();
  const finished = opening.then((opened) => {
    world = opened;
    return runScenario(conductor.scenario, opened, {
      beforeStep: conductor.beforeStep,
      signal: stop.signal,
      ...(options.onSession === undefined ? {} : { onSession: options.onSession }),
    });
  });
  const opened = opening.then(() => {});
  opened.catch(() => {});
  let isOver = false;
  let isCut = false;
  const noteEnd = (): void => {
    isOver = true;
  };
  finished.then(noteEnd, noteEnd);
  const cancel = (): void => {
    if (isOver || conductor.end()) return;
    isCut = true;
    stop.abort();
    world?.cancelAll();
  };
  return {
    title: scenario.title,
    world: options.world,
    scenario,
    pace,
    opened,
    now: () => world?.now() ?? scenario.startAt,
    subscribe: (listener) => {
      for (const event of world?.log.events ?? early) listener(event);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onProgress: (listener) => {
      progressListeners.add(listener);
      return () => progressListeners.delete(listener);
    },
    steps: () => conductor.steps(),
    stepsLeft: () => conductor.stepsLeft(),
    isWaiting: () => conductor.isWaiting(),
    next: () => conductor.next(),
    hold: () => conductor.hold(),
    release: () => conductor.release(),
    isHeld: () => conductor.isHeld(),
    order: (order) => conductor.order(order),
    pendingOrders: () => conductor.pendingOrders(),
    strikes: () => conductor.strikes(),
    branch: isRepeatable
      ? async (position, order, freeUntil = position) => {
          const before = conductor.ordersBefore(position);
          const added = order === null ? [] : [{ order, position, slot: null }];
          const { onSession: _onSession, ...same } = options;
          const placed = [...before, ...added];
          const again = startWorldRun({ ...same, sinks: [], placed, freeUntil });
          await again.opened;
          if (Number.isFinite(freeUntil)) await caughtUp(again, position);
          return again;
        }
      : null,
    stay: () => conductor.stay(),
    cancel,
    wasCut: () => isCut,
    finished,
    close: async () => {
      cancel();
      await finished.catch(() => {});
      await world?.close();
    },
  };
}

/** Until a repeated run has logged as much as the one that it repeats. */
async function caughtUp(run: LiveRun, position: number): Promise<void> {
  let eventCount = 0;
  let isOver = false;
  const unsubscribe = run.subscribe(() => {
    eventCount += 1;
  });
  const end = (): void => {
    isOver = true;
  };
  run.finished.then(end, end);
  while (eventCount < position && !isOver && !(run.isWaiting() && run.pendingOrders() === 0)) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  unsubscribe();
}

function perform(world: World, act: Act): void {
  switch (act.type) {
    case 'fault':
      world.armFault(act.fault);
      return;
    case 'killMover':
      world.killMover(act.session, act.role);
      return;
    case 'dropConnections':
      world.dropConnections();
      return;
    // What starts again tells the log itself; a failure ends the run, which tells why.
    case 'restartHost':
      world.restartHost(act.host).catch(() => {});
      return;
    case 'restartProvider':
      world.restartProvider().catch(() => {});
      return;
    case 'cancel':
      world.cancel(act.session);
      return;
    default:
      act satisfies never;
  }
}
