/** What a piece of text means; the theme alone decides how that looks. */
export type Role =
  | 'plain'
  | 'title'
  | 'heading'
  | 'dim'
  | 'key'
  | 'good'
  | 'attention'
  | 'bad'
  | 'accent'
  | 'selected';

export interface Look {
  readonly color?: 'green' | 'yellow' | 'red' | 'cyan' | 'blue';
  readonly bold?: boolean;
  readonly dimColor?: boolean;
  readonly inverse?: boolean;
}

/** The 16 colours of every terminal, so that the user's own palette holds. */
export const THEME: Readonly<Record<Role, Look>> = {
  plain: {},
  title: { bold: true },
  heading: { bold: true, dimColor: true },
  dim: { dimColor: true },
  key: { color: 'cyan' },
  good: { color: 'green' },
  attention: { color: 'yellow' },
  bad: { color: 'red', bold: true },
  accent: { color: 'cyan', bold: true },
  selected: { inverse: true },
};

/** Signs of one column (arrow and separator apart): nothing is told by colour alone. */
export interface Signs {
  readonly cut: string;
  readonly rule: string;
  readonly dot: string;
  readonly arrow: string;
  readonly chosen: string;
  readonly running: string;
  readonly waiting: string;
  readonly done: string;
  readonly failed: string;
  readonly cancelled: string;
  readonly paused: string;
  readonly lived: string;
  readonly left: string;
  readonly now: string;
  readonly line: string;
  readonly ended: string;
  readonly lane: string;
  readonly toRight: string;
  readonly toLeft: string;
  readonly branch: string;
}

export const UNICODE_SIGNS: Signs = {
  cut: '…',
  rule: '─',
  dot: '·',
  arrow: '→',
  chosen: '›',
  running: '●',
  waiting: '○',
  done: '✓',
  failed: '✗',
  cancelled: '–',
  paused: '‖',
  lived: '━',
  left: '─',
  now: '●',
  line: '┃',
  ended: '✗',
  lane: '│',
  toRight: '▸',
  toLeft: '◂',
  branch: '└',
};

export const ASCII_SIGNS: Signs = {
  cut: '~',
  rule: '-',
  dot: '-',
  arrow: '->',
  chosen: '>',
  running: '*',
  waiting: 'o',
  done: '+',
  failed: 'x',
  cancelled: '-',
  paused: '=',
  lived: '=',
  left: '-',
  now: 'o',
  line: '|',
  ended: 'x',
  lane: '|',
  toRight: '>',
  toLeft: '<',
  branch: '`',
};
