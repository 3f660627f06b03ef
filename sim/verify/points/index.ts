import { ERROR_POINTS } from './errors.ts';
import { GENERATION_POINTS } from './generations.ts';
import { ISSUE_POINTS } from './issue.ts';
import { OWN_FOLDER_POINTS } from './own-folder.ts';
import type { Point } from './point.ts';
import { REACH_POINTS } from './reach.ts';
import { SCOPE_POINTS } from './scope.ts';
import { TIME_POINTS } from './time.ts';

export type { Point } from './point.ts';

/** In the order of asking: gates first, and what waits on purpose late. */
export const POINTS: readonly Point[] = [
  ...REACH_POINTS,
  ...ISSUE_POINTS,
  ...OWN_FOLDER_POINTS,
  ...SCOPE_POINTS,
  ...ERROR_POINTS,
  ...GENERATION_POINTS,
  ...TIME_POINTS,
];
