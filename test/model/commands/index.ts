import fc from 'fast-check';
import { advance } from './advance.ts';
import type { ComposedCommand } from './command.ts';
import { crash } from './crash.ts';
import { dropConnections } from './drop-connections.ts';
import { issuerFault } from './issuer-fault.ts';
import { killMover } from './kill-mover.ts';
import { messageMishap } from './message-mishap.ts';
import { moveToBoundary } from './move-to-boundary.ts';
import { restart } from './restart.ts';
import { restartProvider } from './restart-provider.ts';
import { setClock } from './set-clock.ts';
import { setEnabled } from './set-enabled.ts';
import { setMaintenance } from './set-maintenance.ts';
import { setQuota } from './set-quota.ts';
import { setRepository } from './set-repository.ts';
import { slowStorage } from './slow-storage.ts';
import { stallNetwork } from './stall-network.ts';
import { startSession } from './start-session.ts';
import { step } from './step.ts';
import { storageFault } from './storage-fault.ts';
import { suspend } from './suspend.ts';
import { tellSession } from './tell-session.ts';

export type { ComposedCommand } from './command.ts';

/** How often each is drawn: sessions and steps first, or nothing is there to go wrong. */
const WEIGHTS: readonly (readonly [number, fc.Arbitrary<ComposedCommand>])[] = [
  [14, startSession],
  [12, step],
  [6, advance],
  [7, moveToBoundary],
  [1, suspend],
  [2, setClock],
  [2, crash],
  [3, restart],
  [2, restartProvider],
  [3, killMover],
  [2, dropConnections],
  [5, messageMishap],
  [1, stallNetwork],
  [3, issuerFault],
  [4, storageFault],
  [1, slowStorage],
  [3, setRepository],
  [2, setQuota],
  [2, setEnabled],
  [1, setMaintenance],
  [2, tellSession],
];

const drawn: fc.Arbitrary<ComposedCommand> = fc.oneof(
  ...WEIGHTS.map(([weight, arbitrary]) => ({ weight, arbitrary })),
);

/** A run of the composed system. */
export const composedCommands = fc.commands([drawn], { maxCommands: 24, size: 'max' });
