import { initialTransition } from 'xstate';
import type { RouteSettings } from '../rules/settings.ts';
import { type ModeSelectionOutput, modeSelectionMachine } from './mode-selection.machine.ts';

export type { ModeSelectionOutput } from './mode-selection.machine.ts';
export { modeSelectionMachine } from './mode-selection.machine.ts';

/** Asks the machine: it answers all its questions in one step, because nothing is left to wait for. */
export function selectRoute(settings: RouteSettings): ModeSelectionOutput {
  const [snapshot] = initialTransition(modeSelectionMachine, settings);
  if (snapshot.status !== 'done' || snapshot.output === undefined) {
    throw new Error('mode selection did not end');
  }
  return snapshot.output;
}
