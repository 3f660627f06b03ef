import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import { count, scopeOf, scopeOfNames, text } from '../check/facts.ts';
import { createCheckRun, type Violation } from '../check/index.ts';
import { CATALOGUE } from '../rules/catalogue.ts';
import { checkOf, toEntry } from '../tui/model/sentences.ts';
import { explainCheck } from '../tui/model/why.ts';
import { type Change, ChangeTable } from './changes.ts';
import { type Choice, chosenEvents, EVERYTHING } from './choice.ts';
import { type Guard, guardsOf } from './guards.ts';

/** Something that is worth a "why". */
export interface Subject {
  readonly kind: 'violation' | 'session' | 'decision' | 'event';
  readonly seq: number;
  readonly at: EpochMs;
  readonly session: string | null;
  readonly scope: string | null;
  /** What happened, in one sentence. */
  readonly sentence: string;
  /** Of a violation: the invariant, then the rule behind it. */
  readonly rules: readonly string[];
  /** `seq` of the events that prove it; empty where it is its own proof. */
  readonly evidence: readonly number[];
}

export interface RuleSentence {
  readonly id: string;
  readonly text: string;
}

export interface Explained {
  readonly subject: Subject;
  readonly rules: readonly RuleSentence[];
  /** Decisions on the way, oldest first. */
  readonly guards: readonly Guard[];
  readonly changes: readonly Change[];
  /** The events that prove it, or the last ones before it. */
  readonly evidence: readonly {
    readonly seq: number;
    readonly at: EpochMs;
    readonly text: string;
  }[];
}

/** What a trace holds that somebody may ask about. */
export interface Findings {
  readonly violations: readonly Subject[];
  readonly failures: readonly Subject[];
  /** The newest renewal decisions. */
  readonly decisions: readonly Subject[];
  readonly decisionCount: number;
}

const DECISIONS_KEPT = 3;
const GUARDS_SHOWN = 6;
const CHANGES_SHOWN = 12;
const LAST_EVENTS = 5;

/** Reads a whole log once and names what went wrong, and what was decided. */
export function findingsOf(events: Iterable<LogEvent>): Findings {
  const checks = createCheckRun();
  const scopes = new ScopeOfSession();
  const failures: Subject[] = [];
  const decisions: Subject[] = [];
  let decisionCount = 0;
  for (const event of events) {
    checks.see(event);
    scopes.see(event);
    const state = text(event, 'state');
    if (event.type === 'session.ended' && state !== 'done') {
      failures.push({ ...subjectOf(event, scopes.of(event)), kind: 'session' });
    }
    if (event.type === 'credential.checked') {
      decisionCount += 1;
      decisions.push(subjectOf(event, scopes.of(event)));
      if (decisions.length > DECISIONS_KEPT) decisions.shift();
    }
  }
  const violations = checks.end().violations.map(violationSubject);
  return { violations, failures, decisions, decisionCount };
}

/** Its scope is looked up when it is explained. */
function violationSubject(violation: Violation): Subject {
  const { invariant, rule, session, at, seq, text: sentence, evidence } = violation;
  const rules = [...new Set([invariant, rule])];
  return { kind: 'violation', seq, at, session, scope: null, sentence, rules, evidence };
}

/** An event as the thing that is asked about. */
export function subjectOf(event: LogEvent, scope: string | null): Subject {
  const { seq, at, session } = event;
  const entry = toEntry(event);
  const isDecision = event.type === 'credential.checked';
  const sentence = isDecision ? explainCheck(checkOf(event)).sentence : entry.text;
  const kind = isDecision ? 'decision' : 'event';
  return { kind, seq, at, session, scope, sentence, rules: entry.rules, evidence: [] };
}

/** C12: the scope in which an event's session works. */
class ScopeOfSession {
  readonly #scopes = new Map<string, string>();

  see(event: LogEvent): void {
    if (event.type !== 'session.started' || event.session === null) return;
    const scope = scopeOfNames(event.data);
    if (scope !== null) this.#scopes.set(event.session, scope);
  }

  of(event: LogEvent): string | null {
    const known = event.session === null ? undefined : this.#scopes.get(event.session);
    return known ?? scopeOf(event);
  }
}

/** The event with this number; null where the trace has none. */
export function eventAt(events: Iterable<LogEvent>, seq: number): Subject | null {
  const scopes = new ScopeOfSession();
  for (const event of events) {
    scopes.see(event);
    if (event.seq === seq) return subjectOf(event, scopes.of(event));
  }
  return null;
}

/** How a session ended, or what it did last; null where the trace has no such session. */
export function sessionSubject(events: Iterable<LogEvent>, session: string): Subject | null {
  const scopes = new ScopeOfSession();
  let last: LogEvent | null = null;
  for (const event of events) {
    scopes.see(event);
    if (event.session !== session) continue;
    last = event;
    if (event.type === 'session.ended') break;
  }
  return last === null ? null : { ...subjectOf(last, scopes.of(last)), kind: 'session' };
}

/** What led to a subject: read from the events of its session, or of its scope. */
export function explain(read: () => Iterable<LogEvent>, asked: Subject): Explained {
  const scope = asked.scope ?? eventAt(read(), asked.seq)?.scope ?? null;
  const subject = { ...asked, scope };
  const guards: Guard[] = [];
  const changes = new ChangeTable(CHANGES_SHOWN);
  const proof: Explained['evidence'][number][] = [];
  const proving = new Set(subject.evidence);
  let heldExpiresAt: number | null = null;
  for (const event of chosenEvents(read(), choiceOf(subject))) {
    if (event.type === 'credential.delivered') heldExpiresAt = count(event, 'expiresAt');
    changes.see(event);
    for (const guard of guardsOf(event, { heldExpiresAt })) guards.push(guard);
    // Single guards only: a session asks for thousands of grants.
    if (guards.length > 2 * GUARDS_SHOWN) thin(guards, proving);
    const isProof = proving.size === 0 || proving.has(event.seq);
    if (!isProof) continue;
    const { seq, at } = event;
    proof.push({ seq, at, text: toEntry(event).text });
    if (proving.size === 0 && proof.length > LAST_EVENTS) proof.shift();
  }
  const shown = decisive(guards, subject, proving);
  const rules = [...new Set([...subject.rules, ...shown.flatMap((guard) => guard.rules)])];
  return {
    subject,
    rules: rules.map((id) => ({ id, text: sentenceOfRule(id) })).filter((rule) => rule.text !== ''),
    guards: shown,
    changes: changes.changes(),
    evidence: proof,
  };
}

/** One event may prove something about other sessions: then all of the scope, or of the log. */
function choiceOf({ kind, session, scope, seq }: Subject): Choice {
  if (session !== null && kind !== 'violation') return { ...EVERYTHING, session, to: seq };
  if (scope !== null) return { ...EVERYTHING, scope, to: seq };
  return { ...EVERYTHING, session, to: seq };
}

/** Of each question the newest, and all that prove something or contradict themselves. */
function decisive(
  guards: readonly Guard[],
  subject: Subject,
  proving: ReadonlySet<number>,
): readonly Guard[] {
  if (subject.kind === 'decision' || subject.kind === 'event') {
    const own = guards.filter(({ seq }) => seq === subject.seq);
    if (own.length > 0) return own;
  }
  const newest = new Map(guards.map((guard) => [guard.question, guard]));
  return guards
    .filter((guard) => newest.get(guard.question) === guard || isKept(guard, proving))
    .slice(-GUARDS_SHOWN);
}

function isKept({ seq, contradiction }: Guard, proving: ReadonlySet<number>): boolean {
  return contradiction !== null || proving.has(seq);
}

/** Forgets guards that a later one of the same question has replaced. */
function thin(guards: Guard[], proving: ReadonlySet<number>): void {
  const newest = new Map(guards.map((guard) => [guard.question, guard]));
  const kept = guards.filter(
    (guard) => newest.get(guard.question) === guard || isKept(guard, proving),
  );
  guards.splice(0, guards.length, ...kept);
}

const SENTENCES: ReadonlyMap<string, string> = new Map(
  CATALOGUE.map(({ id, text: sentence }) => [id, sentence]),
);

/** What a rule or invariant says; empty where the catalogue has none of this name. */
export function sentenceOfRule(id: string): string {
  return SENTENCES.get(id) ?? '';
}
