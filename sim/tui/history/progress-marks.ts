import type { EpochMs } from '../../../machines/rules/time.ts';
import type { MoverCounts } from '../live-run.ts';

/** What is known of a mover's counts when so many events had been logged. */
export interface ProgressMark {
  readonly position: number;
  readonly at: EpochMs;
  readonly counts: MoverCounts;
}

/** Marks of one mover; older ones are thinned. */
const MARK_COUNT_MAX = 256;

/** The byte counts of movers, which no event tells, each at its place in the log. */
export class ProgressMarks {
  readonly #ofSession = new Map<string, Map<string, ProgressMark[]>>();

  note(session: string, mark: ProgressMark): void {
    const roles = this.#ofSession.get(session) ?? new Map<string, ProgressMark[]>();
    const marks = roles.get(mark.counts.role) ?? [];
    marks.push(mark);
    const kept =
      marks.length > MARK_COUNT_MAX
        ? marks.filter((_, index) => index % 2 === 0 || index === marks.length - 1)
        : marks;
    roles.set(mark.counts.role, kept);
    this.#ofSession.set(session, roles);
  }

  /** The last two marks of a mover that were known at a position, newest first. */
  at(session: string, role: string, position: number): readonly ProgressMark[] {
    const marks = this.#ofSession.get(session)?.get(role) ?? [];
    let index = marks.length - 1;
    while (index >= 0 && (marks[index]?.position ?? 0) > position) index -= 1;
    return index < 0 ? [] : marks.slice(Math.max(0, index - 1), index + 1).reverse();
  }

  forget(session: string): void {
    this.#ofSession.delete(session);
  }
}
