import { checkAll } from '../../check/index.ts';
import { parseTrace } from '../../kernel/index.ts';
import type { RunSummary } from '../../world/run-summary.ts';
import type { LiveRun } from '../live-run.ts';

/** A trace file as a run that is over: everything can be looked at, nothing can be ordered. */
export function openTrace(text: string, name: string): LiveRun {
  const { header, events } = parseTrace(text, name);
  const { scenario } = header.options;
  const title = typeof scenario === 'string' ? scenario : name;
  const nothing = (): void => {};
  return {
    title,
    world: 'trace',
    scenario: null,
    pace: 'free',
    now: () => events.at(-1)?.at ?? 0,
    subscribe: (listener) => {
      for (const event of events) listener(event);
      return nothing;
    },
    onProgress: () => nothing,
    steps: () => [],
    stepsLeft: () => 0,
    isWaiting: () => false,
    next: nothing,
    hold: nothing,
    release: nothing,
    isHeld: () => false,
    order: nothing,
    pendingOrders: () => 0,
    strikes: () => [],
    branch: null,
    stay: nothing,
    cancel: nothing,
    wasCut: () => false,
    finished: summarise(title, events),
  };
}

/** What the checkers find in the recorded log; never rejects. */
async function summarise(
  title: string,
  events: ReturnType<typeof parseTrace>['events'],
): Promise<RunSummary> {
  // After the first screen: a long log takes the checkers a while.
  await new Promise<void>((resolve) => setImmediate(resolve));
  const { violations } = checkAll(events);
  return {
    type: 'run.summary',
    ok: violations.length === 0,
    title,
    violations,
    sessions: [],
    credentials: [],
  };
}
