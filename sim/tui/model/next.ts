import { checkRenewal, isExpired, renewalDueAt } from '../../../machines/rules/renewal.ts';
import { DAY_MS, type EpochMs, HOUR_MS } from '../../../machines/rules/time.ts';
import { instantWords, roughDuration } from '../words.ts';
import { currentGeneration, olderAlive } from './credentials.ts';
import type { CredentialView } from './types.ts';

export interface Upcoming {
  readonly at: EpochMs;
  readonly scope: string;
  readonly generation: number;
  readonly what: 'renewalLine' | 'expiry';
}

/** The next renewal lines and expiries of all credentials after an instant, nearest first. */
export function upcoming(
  credentials: readonly CredentialView[],
  now: EpochMs,
  countMax = Number.POSITIVE_INFINITY,
): readonly Upcoming[] {
  const found: Upcoming[] = [];
  // A fleet has thousands, and a screen shows a few: only those are kept in order.
  const add = (one: Upcoming): void => {
    if (!(one.at > now)) return;
    const last = found.at(-1);
    if (found.length >= countMax && last !== undefined && one.at >= last.at) return;
    let index = found.length;
    while (index > 0 && (found[index - 1] as Upcoming).at > one.at) index -= 1;
    found.splice(index, 0, one);
    if (found.length > countMax) found.pop();
  };
  for (const credential of credentials) {
    const current = currentGeneration(credential);
    if (current === null) continue;
    const { scope, line } = credential;
    if (line !== null) {
      const at = renewalDueAt(current.expiresAt, line);
      add({ at, scope, generation: current.generation, what: 'renewalLine' });
    }
    for (const { generation, expiresAt: at, state } of [current, ...olderAlive(credential, now)]) {
      if (state !== 'revoked') add({ at, scope, generation, what: 'expiry' });
    }
  }
  return found;
}

/** One line for "what comes next". */
export function nextWords(credentials: readonly CredentialView[], now: EpochMs): string {
  const [next] = upcoming(credentials, now, 1);
  if (next === undefined) return 'Next: nothing is due to be renewed or to end';
  const { scope, generation, at, what } = next;
  const verb = what === 'expiry' ? 'ends' : 'comes below its renewal line';
  const when = `in ${roughDuration(at - now)}, ${instantWords(at)}`;
  return `Next: ${scope} generation ${generation} ${verb} ${when}`;
}

/** What a connect at this instant would find, in words (C2, C10). */
export function standingWords(credential: CredentialView, now: EpochMs): string {
  const current = currentGeneration(credential);
  if (current === null) return 'not issued yet';
  if (current.state === 'revoked') return 'revoked';
  if (isExpired(current.expiresAt, now)) return 'expired: the next connect renews';
  const { line } = credential;
  if (line === null) return 'alive';
  const { decision } = checkRenewal(current.expiresAt, now, line);
  return decision === 'keep' ? 'kept at a connect' : 'below the line: the next connect renews';
}

/** A place in time that the clock can be moved to. */
export interface Stop {
  readonly label: string;
  /** What is to be seen there. */
  readonly hint: string;
  /** Null where it is past or unknown. */
  readonly at: EpochMs | null;
}

/** The named stops of one credential, then plain durations; always the same rows. */
export function warpStops(credential: CredentialView | null, now: EpochMs): readonly Stop[] {
  const current = credential === null ? null : currentGeneration(credential);
  const line = credential?.line ?? null;
  const lineAt = current === null || line === null ? null : current.expiresAt - line.renewBelowMs;
  const expiresAt = current?.expiresAt ?? null;
  const name = credential?.isSas === true ? 'reissue line' : 'renewal line';
  const verb = credential?.isSas === true ? 'reissued' : 'renewed';
  const atLine = line?.includesLine === true ? `${verb} (C21)` : 'kept (C10)';
  const stop = (label: string, hint: string, at: EpochMs | null): Stop => ({
    label,
    hint: at === null ? 'not known for this credential' : at <= now ? 'already past' : hint,
    at: at === null || at <= now ? null : at,
  });
  const plus = (at: EpochMs | null, ms: number): EpochMs | null => (at === null ? null : at + ms);
  const after = (label: string, hint: string, ms: number): Stop => ({
    label,
    hint,
    at: Number.isFinite(now) ? now + ms : null,
  });
  return [
    stop(`${name} -1 ms`, 'a connect there: kept', plus(lineAt, -1)),
    stop(`${name} =`, `a connect there: ${atLine}`, lineAt),
    stop(`${name} +1 ms`, `a connect there: ${verb} (C2, C10)`, plus(lineAt, 1)),
    stop('expiry -1 ms', `still valid, ${verb} at a connect`, plus(expiresAt, -1)),
    stop('expiry =', 'expired (C10)', expiresAt),
    stop('expiry +1 ms', 'expired', plus(expiresAt, 1)),
    after('+1 ms', 'one millisecond on', 1),
    after('+1 h', 'one hour on', HOUR_MS),
    after('+1 d', 'one day on', DAY_MS),
    after('+30 d', 'a month on: everything in between happens', 30 * DAY_MS),
  ];
}
