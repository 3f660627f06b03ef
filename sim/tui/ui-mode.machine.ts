import { assign, setup } from 'xstate';

/** The three lists that a person can walk through. */
export const LISTS = ['sessions', 'credentials', 'log'] as const;
export type ListName = (typeof LISTS)[number];

export interface UiModeContext {
  /** The chosen row of each list by its id; null follows the newest (of credentials: the first). */
  readonly cursors: Readonly<Record<ListName, string | null>>;
  /** First line shown of the page that is read (details, help). */
  readonly offset: number;
  /** The chosen stop of the warp menu. */
  readonly choice: number;
  /** The log shows single requests and bookkeeping too. */
  readonly showsEverything: boolean;
  /** A key was pressed: from now on only the user leaves. */
  readonly isTouched: boolean;
}

export type UiModeEvent =
  | { readonly type: 'key.pressed' }
  | { readonly type: 'view.next' }
  | { readonly type: 'view.previous' }
  | { readonly type: `view.${ListName}` }
  | { readonly type: 'help.toggled' }
  /** `id`: the session; it stays the chosen one, also when others begin. */
  | { readonly type: 'details.opened'; readonly id: string }
  | { readonly type: 'warp.opened' }
  | { readonly type: 'warp.chosen' }
  | { readonly type: 'back' }
  /** `order`: the ids of the rows of the list that is shown, in their order. */
  | { readonly type: 'cursor.moved'; readonly by: number; readonly order: readonly string[] }
  | { readonly type: 'page.scrolled'; readonly by: number; readonly offsetMax: number }
  | { readonly type: 'choice.moved'; readonly by: number; readonly count: number }
  | { readonly type: 'log.everythingToggled' }
  | { readonly type: 'run.finished' }
  | { readonly type: 'linger.over' }
  | { readonly type: 'leave' };

function clamp(value: number, max: number): number {
  return Math.max(0, Math.min(value, max));
}

/**
 * The row after a move. The end of a list that grows there (`sessions`, `log`) follows what is
 * added; without a choice the walk begins where the eye is: at that end, or at the first.
 */
export function movedCursor(
  list: ListName,
  cursor: string | null,
  by: number,
  order: readonly string[],
): string | null {
  const last = order.length - 1;
  if (last < 0) return null;
  const found = cursor === null ? -1 : order.indexOf(cursor);
  const home = list === 'credentials' ? 0 : last;
  const index = clamp((found < 0 ? home : found) + by, last);
  if (list !== 'credentials' && index === last) return null;
  return order[index] ?? null;
}

const mode = setup({
  types: { context: {} as UiModeContext, events: {} as UiModeEvent },
  guards: { isUntouched: ({ context }) => !context.isTouched },
  actions: {
    noteTouch: assign({ isTouched: true }),
    toTop: assign({ offset: 0 }),
    toFirstChoice: assign({ choice: 0 }),
    toggleEverything: assign(({ context }) => ({
      showsEverything: !context.showsEverything,
      cursors: { ...context.cursors, log: null },
    })),
    moveCursor: assign(({ context, event }, list: ListName) => {
      if (event.type !== 'cursor.moved') throw new Error(`${event.type} moves no cursor`);
      const cursor = movedCursor(list, context.cursors[list], event.by, event.order);
      return { cursors: { ...context.cursors, [list]: cursor } };
    }),
    pinSession: assign(({ context, event }) => {
      if (event.type !== 'details.opened') throw new Error(`${event.type} opens no details`);
      return { offset: 0, cursors: { ...context.cursors, sessions: event.id } };
    }),
    scroll: assign(({ context, event }) => {
      if (event.type !== 'page.scrolled') throw new Error(`${event.type} scrolls no page`);
      return { offset: clamp(context.offset + event.by, event.offsetMax) };
    }),
    moveChoice: assign(({ context, event }) => {
      if (event.type !== 'choice.moved') throw new Error(`${event.type} moves no choice`);
      return { choice: clamp(context.choice + event.by, event.count - 1) };
    }),
  },
});

const browse = (list: ListName, next: ListName, previous: ListName) =>
  mode.createStateConfig({
    on: {
      'view.next': next,
      'view.previous': previous,
      'cursor.moved': { actions: { type: 'moveCursor', params: list } },
      ...(list === 'sessions'
        ? { 'details.opened': { target: '#uiMode.details', actions: 'pinSession' } }
        : {}),
    },
  });

/**
 * Owns what the terminal shows and where the user is in it. It must not know the run: what it
 * shows is the view model's. A key that means nothing in a state does nothing.
 */
export const uiModeMachine = mode.createMachine({
  id: 'uiMode',
  context: {
    cursors: { sessions: null, credentials: null, log: null },
    offset: 0,
    choice: 0,
    showsEverything: false,
    isTouched: false,
  },
  initial: 'browsing',
  on: {
    'key.pressed': { actions: 'noteTouch' },
    'view.sessions': '.browsing.sessions',
    'view.credentials': '.browsing.credentials',
    'view.log': '.browsing.log',
    'log.everythingToggled': { target: '.browsing.log', actions: 'toggleEverything' },
    leave: '.left',
  },
  states: {
    browsing: {
      initial: 'sessions',
      on: {
        'help.toggled': { target: 'help', actions: 'toTop' },
        'warp.opened': { target: 'choosingWarp', actions: 'toFirstChoice' },
        'run.finished': { guard: 'isUntouched', target: 'finished' },
      },
      states: {
        sessions: browse('sessions', 'credentials', 'log'),
        credentials: browse('credentials', 'log', 'sessions'),
        log: browse('log', 'sessions', 'credentials'),
        last: { type: 'history' },
      },
    },
    details: {
      on: {
        back: 'browsing.last',
        'page.scrolled': { actions: 'scroll' },
        'help.toggled': { target: 'help', actions: 'toTop' },
        'warp.opened': { target: 'choosingWarp', actions: 'toFirstChoice' },
      },
    },
    help: {
      on: {
        back: 'browsing.last',
        'help.toggled': 'browsing.last',
        'page.scrolled': { actions: 'scroll' },
      },
    },
    choosingWarp: {
      on: {
        back: 'browsing.last',
        'choice.moved': { actions: 'moveChoice' },
        'warp.chosen': 'browsing.last',
      },
    },
    /** The run is over and nobody has touched a key: shown for a moment, then left. */
    finished: {
      on: {
        'key.pressed': { target: 'browsing.last', actions: 'noteTouch' },
        'linger.over': 'left',
      },
    },
    left: { type: 'final' },
  },
});
