import type { ScenarioFault } from '../../scenario/types.ts';
import { faultName } from '../../world/fault-board.ts';
import type { PlacedStep } from '../live-run.ts';
import type { ViewModel } from './types.ts';

export interface FaultRow {
  readonly name: string;
  /** Null: it struck, and nobody here armed it. */
  readonly armedCount: number | null;
  readonly firedCount: number;
  readonly isActive: boolean;
  readonly lastAt: number | null;
}

/** Faults that were armed by steps, and those that the log says have struck; active ones first. */
export function faultRows(
  view: ViewModel,
  steps: readonly PlacedStep[],
  position: number,
): readonly FaultRow[] {
  const armed = new Map<string, { fault: ScenarioFault; count: number }>();
  for (const { step, position: at } of steps) {
    if (step.type !== 'fault' || at > position) continue;
    const name = faultName(step.fault);
    armed.set(name, { fault: step.fault, count: (armed.get(name)?.count ?? 0) + 1 });
  }
  const names = new Set([...armed.keys(), ...view.faults.keys()]);
  const rows = [...names].map((name): FaultRow => {
    const own = armed.get(name);
    const fired = view.faults.get(name);
    const firedCount = fired?.firedCount ?? 0;
    const mayFire = own === undefined ? 0 : own.count * own.fault.repeat;
    return {
      name,
      armedCount: own === undefined ? null : mayFire,
      firedCount,
      isActive: firedCount < mayFire,
      lastAt: fired?.lastAt ?? null,
    };
  });
  return rows.sort((left, right) => Number(right.isActive) - Number(left.isActive));
}
