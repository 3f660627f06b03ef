import type { Frame, Shown } from '../../sim/tui/live-store.ts';
import type { ViewModel } from '../../sim/tui/model/types.ts';
import { textOf } from '../../sim/tui/screen/lines.ts';
import { renderScreen } from '../../sim/tui/screen/screen.ts';
import { type Signs, UNICODE_SIGNS } from '../../sim/tui/theme.ts';
import type { ListName, UiModeContext } from '../../sim/tui/ui-mode.machine.ts';
import { EMPTY_VIEW, reduceEvents, reduceProgress } from '../../sim/tui/view-model.ts';
import { recordedEvents, START_AT } from './recorded-run.ts';

export const FRESH_UI: UiModeContext = {
  cursors: { sessions: null, credentials: null, log: null },
  offset: 0,
  choice: 0,
  showsEverything: false,
  isTouched: false,
};

/** The recorded run with its last session in the middle of its work. */
export function recordedView(): ViewModel {
  const view = reduceEvents(EMPTY_VIEW, recordedEvents());
  const counts = { linkBytes: 5_000_000, storageBytes: 0 };
  const sent = reduceProgress(view, 's6', { role: 'source', ...counts });
  return reduceProgress(sent, 's6', {
    role: 'target',
    linkBytes: 4_900_000,
    storageBytes: 3_000_000,
  });
}

export function frameOf(view: ViewModel, shown: Shown, changes: Partial<Frame> = {}): Frame {
  const isList = shown === 'credentials' || shown === 'log';
  const list: ListName = isList ? shown : 'sessions';
  return {
    title: 'Recorded tour',
    world: 'lab',
    view,
    ui: FRESH_UI,
    shown,
    list,
    now: view.lastAt ?? START_AT,
    isPaused: false,
    canWarp: true,
    notice: null,
    result: null,
    ...changes,
  };
}

/** The lines of a frame as plain text. */
export function screenText(
  frame: Frame,
  columns: number,
  rows: number,
  signs: Signs = UNICODE_SIGNS,
): readonly string[] {
  return renderScreen(frame, { columns, rows }, signs).lines.map(textOf);
}
