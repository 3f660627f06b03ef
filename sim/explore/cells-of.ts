import { backupSessionMachine } from '../../machines/backup-session/index.ts';
import { controlConnectionMachine } from '../../machines/control-connection/index.ts';
import { credentialLifecycleMachine } from '../../machines/credential-lifecycle/index.ts';
import { targetMoverMachine } from '../../machines/data-mover/index.ts';
import type { AnyHub, AnySpoke } from './cell.ts';
import { ConnectionCell } from './connection-cell.ts';
import { DoorCell } from './door-cell.ts';
import { LedgerCell } from './ledger-cell.ts';
import type { Watcher } from './machine-step.ts';
import { MoverCell } from './mover-cell.ts';
import { ScopeCell } from './scope-cell.ts';
import { SessionCell } from './session-cell.ts';
import type { SystemSettings } from './settings.ts';

/** The machines that are explored; tests put wrong ones in. */
export interface Machines {
  readonly lifecycle: typeof credentialLifecycleMachine;
  readonly session: typeof backupSessionMachine;
  readonly targetMover: typeof targetMoverMachine;
  readonly connection: typeof controlConnectionMachine;
}

export const MACHINES: Machines = {
  lifecycle: credentialLifecycleMachine,
  session: backupSessionMachine,
  targetMover: targetMoverMachine,
  connection: controlConnectionMachine,
};

interface Cells {
  readonly hub: AnyHub;
  readonly spoke: AnySpoke;
}

/** What a system is made of: the cell in the middle of each block, and those around it. */
export function cellsOf(
  settings: SystemSettings,
  machines: Machines,
  watchers: readonly Watcher[],
): Cells {
  const { lifecycle, session, targetMover, connection } = machines;
  switch (settings.kind) {
    case 'desk': {
      const hub = new ScopeCell(settings, lifecycle, watchers);
      const spoke = new SessionCell(settings, session, watchers);
      return { hub: hub as AnyHub, spoke: spoke as AnySpoke };
    }
    case 'movers': {
      const hub = new LedgerCell(settings);
      const spoke = new MoverCell(settings, targetMover, watchers);
      return { hub: hub as AnyHub, spoke: spoke as AnySpoke };
    }
    case 'connections': {
      const hub = new DoorCell(settings);
      const spoke = new ConnectionCell(settings, connection, watchers);
      return { hub: hub as AnyHub, spoke: spoke as AnySpoke };
    }
    default:
      return settings satisfies never;
  }
}
