import type {
  credentialLifecycleMachine,
  GenerationHandle,
  LifecycleEvent,
  LifecycleSettings,
} from '../../machines/credential-lifecycle/index.ts';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { ErrorCode } from '../../machines/rules/errors.ts';
import { isExpired } from '../../machines/rules/renewal.ts';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../machines/rules/time.ts';
import type { ScopeHints } from './hints.ts';
import type { Tables } from './machine-tables.ts';
import { Pool, type Refusal } from './pool.ts';
import { type ScopePossible, type UnderWay, withScopeRequests } from './scope-possible.ts';
import {
  CALL_WORDS,
  delivered,
  lastOf,
  owedWords,
  type SilentEvent,
  saved,
  settle,
  silentAnswers,
  withoutCall,
  withRecord,
} from './scope-steps.ts';

export interface ScopeFollowerOptions {
  readonly tables: Tables<typeof credentialLifecycleMachine>;
  readonly scope: string;
  readonly hints: ScopeHints;
  /** I27: SAS are checked at the request, the others when the mover connects. */
  readonly checkedAt: 'connect' | 'request';
}

interface Asker {
  readonly session: string;
  /** What the session may have said of the credential that it was told of (C11). */
  readonly heldGenerations: readonly number[];
}

/** C11, C17: settings that stand in no line. */
const UNTOLD: readonly Pick<LifecycleSettings, 'checkClock' | 'strictRenewal'>[] = [
  { checkClock: 'tenant', strictRenewal: false },
  { checkClock: 'tenant', strictRenewal: true },
  { checkClock: 'sp', strictRenewal: false },
  { checkClock: 'sp', strictRenewal: true },
];

/** Follows the credential of one scope with the machine of `machines/credential-lifecycle`. */
export class ScopeFollower extends Pool<ScopePossible> {
  readonly #options: ScopeFollowerOptions;
  #requests = 0;
  /** The highest number that the log has told. */
  #generationSeen = 0;

  constructor(options: ScopeFollowerOptions, first: LogEvent) {
    super();
    this.#options = options;
    this.begin(this.#openings([], [], 0, first));
  }

  static isStep({ type, node, data }: LogEvent): boolean {
    if (type === 'credential.checked') return data.by === 'sp';
    // Generation 0 is the repository's own: no desk has it (C7).
    if (type === 'credential.delivered') return data.generation !== 0;
    return node === 'sp' && STEPS.has(type);
  }

  see(line: LogEvent, asker: Asker): Refusal | null {
    const { type, data } = line;
    const generation = Number(data.generation);
    switch (type) {
      case 'credential.requested':
        return this.#requested(line, asker);
      case 'credential.checked':
        return this.observe(line, (one) => this.#checked(one, line, asker.session));
      case 'credential.issued':
        this.#generationSeen = Math.max(this.#generationSeen, generation);
        return this.observe(line, (one) => this.#issued(one, line));
      case 'credential.issueFailed':
        this.#generationSeen = Math.max(this.#generationSeen, generation);
        return this.observe(line, (one) =>
          this.#answer(one, line, 'issue', {
            type: 'issuer.failed',
            generation,
            code: data.code as ErrorCode,
          }),
        );
      case 'credential.orphaned':
        this.#generationSeen = Math.max(this.#generationSeen, generation);
        return this.observe(line, (one) => this.#orphaned(one, line));
      case 'credential.saved':
        return this.observe(line, (one) => saved(one, generation));
      case 'credential.delivered':
        return this.observe(line, (one) => delivered(one, line));
      case 'credential.refused':
        return this.observe(line, (one) =>
          settle(
            one,
            (owed) =>
              owed.type === 'credential.refused' &&
              owed.session === asker.session &&
              owed.code === data.code,
          ),
        );
      case 'credential.revoked':
        return this.observe(line, (one) =>
          settle(
            one,
            (owed) =>
              owed.type === 'credential.revoked' &&
              owed.generation === generation &&
              owed.state === data.state,
          ),
        );
      default:
        return null;
    }
  }

  #requested(line: LogEvent, { session, heldGenerations }: Asker): Refusal | null {
    const { data, seq } = line;
    const { hints } = this.#options;
    const check = hints.checkFrom(seq);
    const requestId = `${session}#${this.#requests}`;
    this.#requests += 1;
    return this.observe(line, (one) => {
      const { settings } = one.context;
      const isOther =
        check !== null &&
        (check.renewBelowMs !== settings.renewBelowMs ||
          check.includesLine !== settings.includesLine);
      if (one.owed.length > 0 || isOther) return [];
      return heldGenerations.flatMap((heldGeneration) =>
        this.#step(one, {
          type: 'credential.requested',
          at: check?.at ?? line.at,
          requestId,
          trigger: data.trigger as 'connect',
          renew: data.renew === true,
          heldGeneration,
        }),
      );
    });
  }

  #checked(one: ScopePossible, { data }: LogEvent, session: string): readonly ScopePossible[] {
    const { current, settings } = one.context;
    const isLine =
      data.renewBelowMs === settings.renewBelowMs && data.includesLine === settings.includesLine;
    if (!isLine || data.expiresAt !== (current?.expiresAt ?? null)) return [];
    return settle(
      one,
      (owed) =>
        owed.type === 'credential.checked' &&
        owed.session === session &&
        owed.decision === data.decision &&
        owed.leftMs === data.leftMs,
    );
  }

  #issued(one: ScopePossible, line: LogEvent): readonly ScopePossible[] {
    const { generation, expiresAt, lifetimeMs } = line.data;
    const isAsked = one.underWay.some(
      (call) =>
        call.kind === 'issue' && call.generation === generation && call.lifetimeMs === lifetimeMs,
    );
    if (!isAsked || generation !== one.context.lastGeneration) return [];
    return this.#answer(one, line, 'issue', {
      type: 'issuer.issued',
      generation: Number(generation),
      expiresAt: Number(expiresAt),
    });
  }

  /** I74: an answer that came too late, or what a desk found that was opened after a crash. */
  #orphaned(one: ScopePossible, line: LogEvent): readonly ScopePossible[] {
    const generation = Number(line.data.generation);
    if (one.owed.length > 0 || generation > one.context.lastGeneration) return [];
    const expiresAt = Number(line.data.expiresAt);
    const late = this.#answer(one, line, 'issue', { type: 'issuer.issued', generation, expiresAt });
    return late.length > 0 ? late : [one];
  }

  /** The world's answer to something that is under way. */
  #answer(
    one: ScopePossible,
    { at }: LogEvent,
    kind: UnderWay['kind'],
    event: SilentEvent & { readonly generation: number },
  ): readonly ScopePossible[] {
    if (one.owed.length > 0) return [];
    const without = withoutCall(one, kind, event.generation);
    return without === null ? [] : this.#step(without, { ...event, at } as LifecycleEvent);
  }

  protected override *silentSteps(from: ScopePossible, line: LogEvent): Iterable<ScopePossible> {
    if (from.owed.length > 0) return;
    const { at } = line;
    for (const { kind, generation } of from.underWay) {
      for (const event of silentAnswers(kind, generation)) {
        yield* this.#answer(from, line, kind, event);
      }
      if (kind !== 'save') continue;
      // C5: what a crash has cut off may be in the database all the same.
      const { issued } = from.context;
      if (issued?.generation === generation) {
        yield* this.#reopened(withRecord(from.records, issued), from, line);
      }
    }
    for (const event of this.#alarms(from, at)) yield* this.#step(from, event);
    yield* this.#disablings(from, line);
    yield* this.#reopened(from.records, from, line);
  }

  /**
   * C22: no line tells that a tenant is disabled or enabled. Where something is left to revoke, the
   * lines that follow do; without any it has not happened.
   */
  *#disablings(from: ScopePossible, { at, seq }: LogEvent): Iterable<ScopePossible> {
    const { current, older, issued } = from.context;
    const isAlive = [current, ...older, issued].some(
      (one) => one !== null && !isExpired(one.expiresAt, at),
    );
    if (!isAlive || this.#options.hints.mayBeDisabledFrom(seq)) {
      yield* this.#step(from, { type: 'scope.disabled', at });
    }
    if (from.context.isDisabled) yield* this.#step(from, { type: 'scope.enabled', at });
  }

  #alarms({ context }: ScopePossible, at: number): readonly LifecycleEvent[] {
    const { issueTimeout, retry, expiry } = context.deadlines;
    const alarms: LifecycleEvent[] = [];
    if (issueTimeout !== null) alarms.push({ type: 'alarm.issueTimeout', at });
    if (retry !== null) alarms.push({ type: 'alarm.retry', at });
    if (expiry !== null && isExpired(expiry, at)) alarms.push({ type: 'alarm.expiry', at });
    return alarms;
  }

  /** F4, L7: the SP was started again, or the repository has new settings. */
  #reopened(
    records: readonly GenerationHandle[],
    from: ScopePossible,
    line: LogEvent,
  ): readonly ScopePossible[] {
    const { lastGeneration } = from.context;
    const isJournalling = from.underWay.some(
      ({ kind, generation }) => kind === 'intent' && generation === lastGeneration,
    );
    const numbers = isJournalling ? [lastGeneration, lastGeneration - 1] : [lastGeneration];
    return numbers.flatMap((number) => this.#openings(records, from.onItsWay, number, line));
  }

  #openings(
    records: readonly GenerationHandle[],
    onItsWay: ScopePossible['onItsWay'],
    lastGeneration: number,
    line: LogEvent,
  ): readonly ScopePossible[] {
    const { tables } = this.#options;
    return this.#settings(line.seq).map((settings) => {
      const placed = tables.start({
        settings,
        current: records.at(-1) ?? null,
        older: records.slice(0, -1).filter(({ expiresAt }) => !isExpired(expiresAt, line.at)),
        lastGeneration,
      });
      const opened = { ...placed, owed: [], underWay: [], onItsWay, records };
      return withScopeRequests(opened, placed.requests);
    });
  }

  /** The settings of this moment, from what the desk did by them. */
  #settings(seq: number): readonly LifecycleSettings[] {
    const { scope, hints, checkedAt } = this.#options;
    const check = hints.checkFrom(seq);
    const renewBelowMs = check?.renewBelowMs ?? DAY_MS;
    const lifetimeMs = hints.lifetimeFrom(seq) ?? 14 * DAY_MS;
    const untold = checkedAt === 'request' ? UNTOLD.slice(0, 2) : UNTOLD;
    return untold.map((some) => ({
      scopeId: scope,
      lifetimeMs,
      renewBelowMs,
      includesLine: check?.includesLine ?? false,
      checkedAt,
      ...some,
      // I33; unbounded where every connect renews (C14).
      generationsMax:
        renewBelowMs >= lifetimeMs ? null : Math.ceil(lifetimeMs / (lifetimeMs - renewBelowMs)),
      issueTimeoutMs: 2 * MINUTE_MS,
      issueAttemptsMax: 5,
      retryFirstMs: SECOND_MS,
      retryCapMs: 15 * MINUTE_MS,
      // How often a revocation is tried again stands in no line, and changes none.
      revokeAttemptsMax: 1,
    }));
  }

  #step(from: ScopePossible, event: LifecycleEvent): readonly ScopePossible[] {
    const placed = this.#options.tables.next(from.state, from.context, event);
    if (placed === null) return [];
    const { state, context, requests } = placed;
    if (state === from.state && context === from.context && requests.length === 0) return [from];
    if (context.lastGeneration > this.#generationMax(from)) return [];
    return [withScopeRequests({ ...from, state, context }, requests)];
  }

  /**
   * Attempts of which no line tells use up a number each; the next number that the log tells is
   * the last that can have been used before it.
   */
  #generationMax(from: ScopePossible): number {
    const told = this.#options.hints.generationFrom(this.#generationSeenAt) ?? 0;
    return Math.max(told, this.#generationSeen + 1, lastOf(from) + 1);
  }
  #generationSeenAt = 0;

  protected override observe(
    line: LogEvent,
    allow: (possible: ScopePossible) => Iterable<ScopePossible>,
  ): Refusal | null {
    this.#generationSeenAt = line.seq;
    return super.observe(line, allow);
  }

  protected override describe({ state, context }: ScopePossible): string {
    const { current } = context;
    const held = current === null ? '' : `, generation ${current.generation}`;
    return `${this.#options.tables.nameOf(state)}${held}`;
  }

  protected override wanted({ owed, underWay, onItsWay }: ScopePossible): readonly string[] {
    if (owed.length > 0) return owed.slice(0, 1).map(owedWords);
    return [
      ...underWay.flatMap(({ kind, generation }) => CALL_WORDS[kind](generation)),
      ...onItsWay.map(
        ({ session, generation }) => `credential.delivered generation ${generation} to ${session}`,
      ),
    ];
  }
}

const STEPS: ReadonlySet<string> = new Set([
  'credential.requested',
  'credential.issued',
  'credential.issueFailed',
  'credential.orphaned',
  'credential.saved',
  'credential.refused',
  'credential.revoked',
]);
