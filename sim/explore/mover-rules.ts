import type { Broken } from './cell.ts';
import { NOW } from './life-line.ts';
import type { Engine, MoverLocal } from './mover-local.ts';

/** What must hold when a request to the storage starts; compared here once more on purpose. */
export function checkRequestStart({ engine, expiresAt, received }: MoverLocal, broken: Broken[]) {
  const { spent, isPaused, available } = engine as Engine;
  if (expiresAt !== null && expiresAt <= NOW) {
    broken.push({
      ids: 'C16, I37',
      sentence: 'no request starts with a credential that has ended',
    });
  }
  if (spent + 1 > received || available < 1) {
    broken.push({ ids: 'Q2, I52', sentence: 'nothing is written beyond what was granted' });
  }
  if (isPaused)
    broken.push({ ids: 'C15', sentence: 'no request starts while the mover is paused' });
}
