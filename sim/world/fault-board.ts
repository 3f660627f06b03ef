import type { FaultEffect, FaultSite, ScenarioFault } from '../scenario/types.ts';

interface ArmedFault {
  readonly fault: ScenarioFault;
  seen: number;
  fired: number;
}

/** Where a call is made: what a fault can be told by. */
export interface FaultCall {
  readonly site: FaultSite;
  readonly storage: string | null;
  readonly operation: string | null;
}

/** Faults that are armed, counted per matching call; the same board serves every world. */
export class FaultBoard {
  readonly #armed: ArmedFault[] = [];
  readonly #onFired: (fault: ScenarioFault) => void;

  constructor(onFired: (fault: ScenarioFault) => void) {
    this.#onFired = onFired;
  }

  arm(fault: ScenarioFault): void {
    this.#armed.push({ fault, seen: 0, fired: 0 });
  }

  /** Counts the call; the effect of the first fault that strikes at it, or `null`. */
  strike(call: FaultCall): FaultEffect | null {
    let effect: FaultEffect | null = null;
    for (const armed of this.#armed) {
      if (!isAbout(armed.fault, call)) continue;
      armed.seen += 1;
      const { nth, repeat } = armed.fault;
      if (effect !== null || armed.seen < nth || armed.seen >= nth + repeat) continue;
      armed.fired += 1;
      effect = armed.fault.effect;
      this.#onFired(armed.fault);
    }
    return effect;
  }

  /** A scripted fault that never fired fails the run. */
  unfired(): readonly ScenarioFault[] {
    return this.#armed.filter(({ fired }) => fired === 0).map(({ fault }) => fault);
  }
}

function isAbout(fault: ScenarioFault, call: FaultCall): boolean {
  if (fault.site !== call.site) return false;
  if (fault.storage !== null && fault.storage !== call.storage) return false;
  return fault.operation === null || fault.operation === call.operation;
}

/** `storage PutObject, call 5: jump`: how a fault is named in logs and violations. */
export function faultName(fault: ScenarioFault): string {
  const where = [fault.site, fault.storage, fault.operation].filter((part) => part !== null);
  return `${where.join(' ')}, call ${fault.nth}: ${fault.effect.kind}`;
}
