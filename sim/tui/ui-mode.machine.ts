import { assign, setup } from 'xstate';

/** The lists that a person can walk through, in the order of their keys. */
export const LISTS = [
  'sessions',
  'credentials',
  'timeline',
  'sequence',
  'rules',
  'faults',
  'log',
] as const;
export type ListName = (typeof LISTS)[number];

/** What a menu is about. */
export type MenuName = 'warp' | 'do' | 'fork';
export type PromptKind = 'filter' | 'command';

export interface UiModeContext {
  /** The chosen row of each list by its id; null follows the newest (or stays at the first). */
  readonly cursors: Readonly<Record<ListName, string | null>>;
  /** First line shown of the page that is read (details, help, comparison, sequence). */
  readonly offset: number;
  readonly menu: MenuName;
  /** The chosen entry of the menu. */
  readonly choice: number;
  readonly prompt: { readonly kind: PromptKind; readonly text: string };
  /** What each list, the menu and the help are narrowed to; absent: everything. */
  readonly filters: Readonly<Record<string, string>>;
  /** The question that waits for yes or no. */
  readonly question: string;
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
  /** `id`: the row; it stays the chosen one, also when others begin. */
  | { readonly type: 'details.opened'; readonly list: ListName; readonly id: string }
  | { readonly type: 'menu.opened'; readonly menu: MenuName }
  | { readonly type: 'menu.chosen' }
  | { readonly type: 'comparison.opened' }
  | { readonly type: 'question.asked'; readonly question: string }
  | { readonly type: 'question.answered' }
  | { readonly type: 'prompt.opened'; readonly kind: PromptKind; readonly text: string }
  /** `place`: what a filter narrows. */
  | { readonly type: 'prompt.typed'; readonly text: string; readonly place: string }
  | { readonly type: 'prompt.done' }
  | { readonly type: 'filter.cleared'; readonly place: string }
  | { readonly type: 'back' }
  | { readonly type: 'cursor.set'; readonly list: ListName; readonly id: string | null }
  | { readonly type: 'page.scrolled'; readonly by: number; readonly offsetMax: number }
  | { readonly type: 'choice.moved'; readonly by: number; readonly count: number }
  | { readonly type: 'log.everythingToggled' }
  | { readonly type: 'run.finished' }
  | { readonly type: 'linger.over' }
  | { readonly type: 'leave' };

function clamp(value: number, max: number): number {
  return Math.max(0, Math.min(value, max));
}

/** The event that an action is for; any other is a slip in the table below. */
function expected<Type extends UiModeEvent['type']>(event: UiModeEvent, type: Type) {
  if (event.type !== type) throw new Error(`${event.type} is not ${type}`);
  return event as Extract<UiModeEvent, { readonly type: Type }>;
}

const without = (filters: Readonly<Record<string, string>>, place: string) =>
  Object.fromEntries(Object.entries(filters).filter(([key]) => key !== place));

const mode = setup({
  types: { context: {} as UiModeContext, events: {} as UiModeEvent },
  guards: { isUntouched: ({ context }) => !context.isTouched },
  actions: {
    noteTouch: assign({ isTouched: true }),
    toTop: assign({ offset: 0 }),
    toggleEverything: assign(({ context }) => ({
      showsEverything: !context.showsEverything,
      cursors: { ...context.cursors, log: null },
    })),
    setCursor: assign(({ context, event }) => {
      const { list, id } = expected(event, 'cursor.set');
      return { cursors: { ...context.cursors, [list]: id } };
    }),
    pin: assign(({ context, event }) => {
      const { list, id } = expected(event, 'details.opened');
      return { offset: 0, cursors: { ...context.cursors, [list]: id } };
    }),
    scroll: assign(({ context, event }) => {
      const { by, offsetMax } = expected(event, 'page.scrolled');
      return { offset: clamp(context.offset + by, offsetMax) };
    }),
    openMenu: assign(({ context, event }) => ({
      menu: expected(event, 'menu.opened').menu,
      choice: 0,
      filters: without(context.filters, 'menu'),
    })),
    moveChoice: assign(({ context, event }) => {
      const { by, count } = expected(event, 'choice.moved');
      return { choice: clamp(context.choice + by, count - 1) };
    }),
    openPrompt: assign(({ event }) => {
      const { kind, text } = expected(event, 'prompt.opened');
      return { prompt: { kind, text } };
    }),
    type: assign(({ context, event }) => {
      const { text, place } = expected(event, 'prompt.typed');
      const prompt = { ...context.prompt, text };
      if (prompt.kind === 'command') return { prompt };
      const filters = without(context.filters, place);
      return {
        prompt,
        choice: 0,
        offset: 0,
        filters: text.trim() === '' ? filters : { ...filters, [place]: text },
      };
    }),
    clearFilter: assign(({ context, event }) => ({
      filters: without(context.filters, expected(event, 'filter.cleared').place),
    })),
    ask: assign(({ event }) => ({ question: expected(event, 'question.asked').question })),
  },
});

const browse = (list: ListName) => {
  const at = LISTS.indexOf(list);
  return mode.createStateConfig({
    on: {
      'view.next': LISTS[(at + 1) % LISTS.length] as ListName,
      'view.previous': LISTS[(at + LISTS.length - 1) % LISTS.length] as ListName,
    },
  });
};

/**
 * Owns what the terminal shows and where the user is in it. It must not know the run: what it
 * shows is the view model's. A key that means nothing in a state does nothing.
 */
export const uiModeMachine = mode.createMachine({
  id: 'uiMode',
  context: {
    cursors: {
      sessions: null,
      credentials: null,
      timeline: null,
      sequence: null,
      rules: null,
      faults: null,
      log: null,
    },
    offset: 0,
    menu: 'warp',
    choice: 0,
    prompt: { kind: 'filter', text: '' },
    filters: {},
    question: '',
    showsEverything: false,
    isTouched: false,
  },
  initial: 'showing',
  on: {
    'key.pressed': { actions: 'noteTouch' },
    'cursor.set': { actions: 'setCursor' },
    'filter.cleared': { actions: 'clearFilter' },
    leave: '.left',
  },
  states: {
    showing: {
      initial: 'browsing',
      on: {
        'view.sessions': { target: '.browsing.sessions', actions: 'toTop' },
        'view.credentials': { target: '.browsing.credentials', actions: 'toTop' },
        'view.timeline': { target: '.browsing.timeline', actions: 'toTop' },
        'view.sequence': { target: '.browsing.sequence', actions: 'toTop' },
        'view.rules': { target: '.browsing.rules', actions: 'toTop' },
        'view.faults': { target: '.browsing.faults', actions: 'toTop' },
        'view.log': { target: '.browsing.log', actions: 'toTop' },
        'log.everythingToggled': { target: '.browsing.log', actions: 'toggleEverything' },
        'details.opened': { target: '.details', actions: 'pin' },
        'comparison.opened': { target: '.comparing', actions: 'toTop' },
        'menu.opened': { target: '.menu', actions: 'openMenu' },
        'help.toggled': { target: '.help', actions: 'toTop' },
        'prompt.opened': { target: 'typing', actions: 'openPrompt' },
        'question.asked': { target: 'confirming', actions: 'ask' },
        'page.scrolled': { actions: 'scroll' },
      },
      states: {
        browsing: {
          initial: 'sessions',
          on: { 'run.finished': { guard: 'isUntouched', target: '#uiMode.finished' } },
          states: {
            sessions: browse('sessions'),
            credentials: browse('credentials'),
            timeline: browse('timeline'),
            sequence: browse('sequence'),
            rules: browse('rules'),
            faults: browse('faults'),
            log: browse('log'),
            last: { type: 'history' },
          },
        },
        details: { on: { back: 'browsing.last' } },
        comparing: { on: { back: 'browsing.last' } },
        help: { on: { back: 'browsing.last', 'help.toggled': 'browsing.last' } },
        menu: {
          on: {
            back: 'browsing.last',
            'choice.moved': { actions: 'moveChoice' },
            'menu.chosen': 'browsing.last',
          },
        },
        last: { type: 'history', history: 'deep' },
      },
    },
    /** The bottom line takes characters: a filter, or a command. */
    typing: {
      on: {
        'prompt.typed': { actions: 'type' },
        'prompt.done': 'showing.last',
        back: 'showing.last',
      },
    },
    confirming: {
      on: { 'question.answered': 'showing.last', back: 'showing.last' },
    },
    /** The run is over and nobody has touched a key: shown for a moment, then left. */
    finished: {
      on: {
        'key.pressed': { target: 'showing.last', actions: 'noteTouch' },
        'linger.over': 'left',
      },
    },
    left: { type: 'final' },
  },
});
