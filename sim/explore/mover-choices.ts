import type { Choice, ChoiceKind } from './cell.ts';
import { NOW } from './life-line.ts';
import type { MoverCell } from './mover-cell.ts';
import type { MoverLocal } from './mover-local.ts';
import type { MoverMessage } from './quota-messages.ts';
import type { FaultKind } from './settings.ts';

/** Everything that may happen next to one target mover. */
export function moverChoices(local: MoverLocal, cell: MoverCell): readonly Choice<MoverMessage>[] {
  if (local.context === null) return [{ message: { type: 'start' }, kind: 'start', cost: 0 }];
  const choices: Choice<MoverMessage>[] = [];
  const add = (message: MoverMessage, kind: ChoiceKind = 'answer'): void => {
    choices.push({ message, kind, cost: 0 });
  };
  const fault = (kind: FaultKind, message: MoverMessage): void => {
    if (cell.settings.faults.includes(kind)) choices.push({ message, kind: 'fault', cost: 1 });
  };
  if (local.isContactUp) fault('contact', { type: 'contactDown' });
  else add({ type: 'contactUp' });
  if (local.outbox.length > 0) {
    add({ type: 'arrive', again: false });
    fault('repeat', { type: 'arrive', again: true });
  }
  if (local.inbox.length > 0) add({ type: 'read' });
  if (local.order !== null && mayOrder(local)) add({ type: 'order' });
  if (local.isLinkAwaited) add({ type: 'linkUp' });
  if (local.isShort) add({ type: 'giveUp' }, 'alarm');
  addWork(local, cell, add, fault);
  return choices;
}

/** The end is told to the SP when what the mover has to report is on record, or cannot be. */
function mayOrder({ order, outbox }: MoverLocal): boolean {
  return (order !== 'stop' && order !== 'stopDone') || outbox.length === 0;
}

function addWork(
  local: MoverLocal,
  cell: MoverCell,
  add: (message: MoverMessage, kind?: ChoiceKind) => void,
  fault: (kind: FaultKind, message: MoverMessage) => void,
): void {
  const { engine, expiresAt } = local;
  if (engine === null) return;
  const path = cell.pathOf(local);
  if (engine.isInFlight) {
    add({ type: 'land' });
    fault('storage', { type: 'deny' });
    return;
  }
  if (engine.isCleaning && path === 'cleaning') add({ type: 'cleaned' });
  if (path === 'aborting') add({ type: 'fail' });
  if (engine.isAborted || engine.isPaused || engine.hasExpired) return;
  if (engine.left === 0) add({ type: 'finish' }, 'work');
  else if (engine.available >= 1) add({ type: 'begin' }, 'work');
  const leftMs = expiresAt === null ? Number.POSITIVE_INFINITY : expiresAt - NOW;
  // C15: the session's alarm; heard once for each credential.
  if (path === 'moving.flowing' && leftMs <= cell.settings.life.marginMs && local.order === null) {
    add({ type: 'margin' }, 'alarm');
  }
}
