import { isExpired } from '../../../machines/rules/renewal.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';
import type { GenerationView, RenewalLineView } from '../model/types.ts';
import type { Role, Signs } from '../theme.ts';
import { type Line, span } from './lines.ts';

/**
 * The life of one generation from its issue (left) to its expiry (right): what is lived, where it
 * is now, and the renewal line. Exactly `width` columns.
 */
export function lifeBar(
  generation: GenerationView,
  line: RenewalLineView | null,
  now: EpochMs,
  width: number,
  signs: Signs,
): Line {
  const { issuedAt, expiresAt } = generation;
  const lifetimeMs = Math.max(1, expiresAt - issuedAt);
  const cellOf = (at: EpochMs): number =>
    Math.max(0, Math.min(width - 1, Math.floor(((at - issuedAt) / lifetimeMs) * width)));
  const isOver = isExpired(expiresAt, now);
  const nowCell = isOver ? width - 1 : cellOf(now);
  const lineAt = line === null ? null : expiresAt - line.renewBelowMs;
  // A line before the issue (C14: the life is shorter than the threshold) is at the left end.
  const lineCell = lineAt === null ? null : cellOf(lineAt);
  const tone = lifeRole(generation, line, now);
  return Array.from({ length: width }, (_, index) => {
    if (index === nowCell) return span(isOver ? signs.ended : signs.now, tone);
    if (index === lineCell) return span(signs.line, 'accent');
    return index < nowCell ? span(signs.lived, tone) : span(signs.left, 'dim');
  });
}

/** Good above the line, attention below it, bad when over. */
export function lifeRole(
  { expiresAt }: GenerationView,
  line: RenewalLineView | null,
  now: EpochMs,
): Role {
  if (isExpired(expiresAt, now)) return 'bad';
  if (line === null) return 'good';
  const leftMs = expiresAt - now;
  const isBelow = line.includesLine ? leftMs <= line.renewBelowMs : leftMs < line.renewBelowMs;
  return isBelow ? 'attention' : 'good';
}
