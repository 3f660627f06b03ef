import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { renewalRule } from '../../../machines/rules/lifetimes.ts';
import { isExpired } from '../../../machines/rules/renewal.ts';
import { STORAGE_KINDS } from '../../../machines/rules/settings.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';
import { count, scopeOf, text } from '../../check/facts.ts';
import { tidy } from '../words.ts';
import { checkOf } from './sentences.ts';
import type { CredentialView, GenerationView, RenewalLineView, SessionView } from './types.ts';

/** Where the credentials stand while events are taken in. */
export interface CredentialBook {
  get(scope: string): CredentialView | undefined;
  set(scope: string, credential: CredentialView): void;
}

/** Follows the generations of every scope (C12, C13). Changes the book, never what is in it. */
export function reduceCredentials(
  credentials: CredentialBook,
  event: LogEvent,
  session: SessionView | null,
  generationsMax: number,
): void {
  if (!event.type.startsWith('credential.')) return;
  const named = scopeOf(event);
  const scope = named === null ? session?.scope : tidy(named);
  if (scope === undefined) return;
  const known = credentials.get(scope);
  const isSas = known?.isSas === true || session?.route?.credential === 'sas';
  const before = {
    ...(known ?? { scope, generations: [], line: lineOf(session), lastCheck: null }),
    isSas,
  };
  switch (event.type) {
    case 'credential.issued':
      credentials.set(scope, {
        ...before,
        line: before.line ?? lineOf(session),
        generations: withGeneration(before.generations, issuedOf(event)).slice(-generationsMax),
      });
      return;
    case 'credential.saved':
      if (known !== undefined) credentials.set(scope, withState(known, event, 'saved'));
      return;
    case 'credential.revoked': {
      const isIrrevocable = text(event, 'state') === 'irrevocable';
      const state = isIrrevocable ? 'irrevocable' : 'revoked';
      if (known !== undefined) credentials.set(scope, withState(known, event, state));
      return;
    }
    case 'credential.checked': {
      const check = checkOf(event);
      const { renewBelowMs, includesLine } = check;
      const line = renewBelowMs > 0 ? { renewBelowMs, includesLine } : before.line;
      credentials.set(scope, { ...before, line, lastCheck: check });
      return;
    }
    default:
  }
}

function issuedOf(event: LogEvent): GenerationView {
  const issuedAt = count(event, 'issuedAt') ?? event.at;
  return {
    generation: count(event, 'generation') ?? 0,
    issuedAt,
    expiresAt: count(event, 'expiresAt') ?? issuedAt,
    issuer: tidy(text(event, 'issuer') ?? '?'),
    state: 'issued',
  };
}

function withGeneration(
  generations: readonly GenerationView[],
  added: GenerationView,
): readonly GenerationView[] {
  const others = generations.filter(({ generation }) => generation !== added.generation);
  return [...others, added].sort((left, right) => left.generation - right.generation);
}

function withState(
  credential: CredentialView,
  event: LogEvent,
  state: GenerationView['state'],
): CredentialView {
  const number = count(event, 'generation');
  const generations = credential.generations.map((one) =>
    one.generation === number ? { ...one, state } : one,
  );
  return { ...credential, generations };
}

/** C1, C3, C18: what the rules say before the first check has said it. */
function lineOf(session: SessionView | null): RenewalLineView | null {
  const storage = STORAGE_KINDS.find((kind) => kind === session?.route?.storage);
  const credential = session?.route?.credential;
  if (storage === undefined || (credential !== 'limited' && credential !== 'sas')) return null;
  const rule = renewalRule(storage, credential);
  return rule === null
    ? null
    : { renewBelowMs: rule.renewBelowMs, includesLine: rule.includesLine };
}

/** The newest generation: the one that a check looks at. */
export function currentGeneration(credential: CredentialView): GenerationView | null {
  return credential.generations.at(-1) ?? null;
}

/** C13: superseded generations that the storage still accepts at this instant. */
export function olderAlive(credential: CredentialView, now: EpochMs): readonly GenerationView[] {
  return credential.generations
    .slice(0, -1)
    .filter(({ expiresAt, state }) => state !== 'revoked' && !isExpired(expiresAt, now));
}
