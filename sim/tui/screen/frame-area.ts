import type { Signs } from '../theme.ts';
import type { Layout } from './layout.ts';
import type { Line } from './lines.ts';

/** The room that a view has. */
export interface Area {
  readonly layout: Layout;
  readonly width: number;
  readonly height: number;
  readonly signs: Signs;
}

/** A page that may be longer than the screen. */
export interface Body {
  readonly lines: readonly Line[];
  readonly offsetMax?: number;
}
