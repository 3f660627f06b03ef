import { createActor } from 'xstate';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { Frame, Shown } from '../../sim/tui/frame.ts';
import { History } from '../../sim/tui/history/history.ts';
import { NO_RULES, type RuleReport } from '../../sim/tui/model/rules.ts';
import { textOf } from '../../sim/tui/screen/lines.ts';
import { renderScreen } from '../../sim/tui/screen/screen.ts';
import { type Signs, UNICODE_SIGNS } from '../../sim/tui/theme.ts';
import {
  LISTS,
  type ListName,
  type UiModeContext,
  uiModeMachine,
} from '../../sim/tui/ui-mode.machine.ts';
import { FakeRun } from './fake-run.ts';
import { recordedEvents, START_AT } from './recorded-run.ts';

export const FRESH_UI: UiModeContext = createActor(uiModeMachine).getSnapshot().context;

/** Fixed, so that a new checker changes no reviewed screen. */
const RULES: RuleReport = {
  position: 99,
  share: 1,
  witnesses: { LOG: 99, I1: 7, I21: 4, I22: 3, I33: 0, I58: 12 },
  violations: [
    {
      invariant: 'I22',
      rule: 'C2',
      session: 's3',
      at: START_AT,
      seq: 40,
      text: 'kept with 23 h 59 m 59.999 s left',
      evidence: [40],
    },
  ],
};

export function historyOf(events: readonly LogEvent[]): History {
  const history = new History();
  for (const event of events) history.append(event);
  return history;
}

/** The recorded run with its last session in the middle of its work. */
export function recordedHistory(more: readonly LogEvent[] = []): History {
  const history = historyOf([...recordedEvents(), ...more]);
  const at = history.timeAt(history.length) ?? START_AT;
  history.noteProgress('s6', { role: 'target', linkBytes: 1_000_000, storageBytes: 0 }, at - 1_000);
  history.noteProgress('s6', { role: 'target', linkBytes: 4_900_000, storageBytes: 3_000_000 }, at);
  return history;
}

const run = new FakeRun();

export function frameOf(history: History, shown: Shown, changes: Partial<Frame> = {}): Frame {
  const list: ListName = LISTS.find((name) => name === shown) ?? 'sessions';
  const position = changes.position ?? history.length;
  return {
    title: 'Recorded tour',
    run,
    history,
    view: history.viewAt(position),
    position,
    total: history.length,
    now: history.timeAt(position) ?? START_AT,
    mode: 'following',
    rate: 1,
    seekLabel: null,
    isHeld: false,
    isInPast: position < history.length,
    ui: FRESH_UI,
    shown,
    input: 'none',
    list,
    rules: shown === 'rules' ? RULES : NO_RULES,
    comparison: null,
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
