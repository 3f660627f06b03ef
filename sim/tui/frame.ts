import type { EpochMs } from '../../machines/rules/time.ts';
import type { RunSummary } from '../world/run-summary.ts';
import type { History } from './history/history.ts';
import type { PlayMode } from './history/player.ts';
import type { Place } from './keys.ts';
import type { LiveRun } from './live-run.ts';
import type { Comparison } from './model/compare.ts';
import type { RuleReport } from './model/rules.ts';
import type { ViewModel } from './model/types.ts';
import type { ListName, UiModeContext } from './ui-mode.machine.ts';

/** What is shown: a list, a page, a menu, or the end. */
export type Shown = ListName | 'details' | 'help' | 'menu' | 'comparing' | 'finished';

/** Everything that one frame is drawn from. The history only grows; `position` says what counts. */
export interface Frame {
  readonly title: string;
  readonly run: LiveRun;
  readonly history: History;
  readonly view: ViewModel;
  readonly position: number;
  /** How many events are known. */
  readonly total: number;
  readonly now: EpochMs;
  readonly mode: PlayMode;
  readonly rate: number;
  readonly seekLabel: string | null;
  readonly isHeld: boolean;
  /** What is shown was passed before. */
  readonly isInPast: boolean;
  readonly ui: UiModeContext;
  readonly shown: Shown;
  /** A line is being typed, or a question waits. */
  readonly input: 'none' | 'typing' | 'question';
  /** The list behind a menu or a page. */
  readonly list: ListName;
  readonly rules: RuleReport;
  readonly comparison: Comparison | null;
  /** What an order of the user came to; null when there is nothing to say. */
  readonly notice: string | null;
  readonly result: RunResult | null;
}

export type RunResult =
  | { readonly ok: true; readonly summary: RunSummary }
  | { readonly ok: false; readonly problem: string };

export function placeOf({ shown, input }: Pick<Frame, 'shown' | 'input'>): Place {
  if (input !== 'none') return input;
  switch (shown) {
    case 'details':
    case 'help':
    case 'comparing':
      return 'page';
    case 'menu':
      return 'menu';
    default:
      return 'list';
  }
}

/** What a filter typed here narrows. */
export function filterPlaceOf({ shown, list }: Pick<Frame, 'shown' | 'list'>): string {
  return shown === 'menu' || shown === 'help' ? shown : list;
}

/** Something lies over the lists that `back` takes away. */
export function placeIsOpen({ shown }: Pick<Frame, 'shown'>): boolean {
  return ['details', 'help', 'menu', 'comparing'].includes(shown);
}
