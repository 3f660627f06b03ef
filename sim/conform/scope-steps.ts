import type {
  GenerationHandle,
  LifecycleEvent,
} from '../../machines/credential-lifecycle/index.ts';
import type { LogEvent } from '../../machines/ports/event-log.ts';
import {
  type OwedByScope,
  type ScopePossible,
  type UnderWay,
  withScopeKey,
} from './scope-possible.ts';

export type SilentEvent = LifecycleEvent extends infer Event
  ? Event extends { readonly at: number }
    ? Omit<Event, 'at'>
    : never
  : never;

export const CALL_WORDS: Readonly<
  Record<UnderWay['kind'], (generation: number) => readonly string[]>
> = {
  intent: () => [],
  issue: (generation) => [`credential.issued generation ${generation}`],
  save: (generation) => [`credential.saved generation ${generation}`],
  saved: () => [],
  revoke: (generation) => [`credential.revoked generation ${generation}`],
};

export function lastOf({ records }: ScopePossible): number {
  return records.at(-1)?.generation ?? 0;
}

/** Answers of which no line tells. */
export function silentAnswers(
  kind: UnderWay['kind'],
  generation: number,
): readonly (SilentEvent & { readonly generation: number })[] {
  switch (kind) {
    case 'intent':
      return [
        { type: 'intent.saved', generation },
        { type: 'intent.failed', generation, code: 'records.failed' },
      ];
    case 'issue':
      return [];
    case 'save':
      return [{ type: 'credential.saveFailed', generation, code: 'records.failed' }];
    case 'saved':
      return [{ type: 'credential.saved', generation }];
    case 'revoke':
      return [
        { type: 'issuer.revoked', generation },
        { type: 'issuer.irrevocable', generation },
        { type: 'issuer.revokeFailed', generation },
      ];
    default:
      return kind satisfies never;
  }
}

export function settle(
  one: ScopePossible,
  isMet: (owed: OwedByScope) => boolean,
): readonly ScopePossible[] {
  const index = one.owed.findIndex(isMet);
  if (index === -1) return [];
  return [withScopeKey({ ...one, owed: one.owed.filter((_, at) => at !== index) })];
}

export function withoutCall(
  one: ScopePossible,
  kind: UnderWay['kind'],
  generation: number,
): ScopePossible | null {
  const index = one.underWay.findIndex(
    (call) => call.kind === kind && call.generation === generation,
  );
  if (index === -1) return null;
  return withScopeKey({ ...one, underWay: one.underWay.filter((_, at) => at !== index) });
}

export function withRecord(
  records: readonly GenerationHandle[],
  issued: GenerationHandle,
): readonly GenerationHandle[] {
  const others = records.filter(({ generation }) => generation !== issued.generation);
  return [...others, issued].sort((left, right) => left.generation - right.generation);
}

/** The database has it from now on; the machine hears of it a moment later. */
export function saved(one: ScopePossible, generation: number): readonly ScopePossible[] {
  const { issued } = one.context;
  const without = withoutCall(one, 'save', generation);
  if (without === null || one.owed.length > 0 || issued?.generation !== generation) return [];
  const underWay: readonly UnderWay[] = [
    ...without.underWay,
    { kind: 'saved', generation, lifetimeMs: 0 },
  ];
  return [withScopeKey({ ...without, underWay, records: withRecord(one.records, issued) })];
}

export function delivered(
  one: ScopePossible,
  { session, data }: LogEvent,
): readonly ScopePossible[] {
  const index = one.onItsWay.findIndex(
    (delivery) =>
      delivery.session === session &&
      delivery.generation === data.generation &&
      delivery.expiresAt === data.expiresAt &&
      delivery.degraded === data.degraded,
  );
  if (index === -1 || one.owed.length > 0) return [];
  return [withScopeKey({ ...one, onItsWay: one.onItsWay.filter((_, at) => at !== index) })];
}

export function owedWords(owed: OwedByScope): string {
  switch (owed.type) {
    case 'credential.checked':
      return `credential.checked ${owed.decision} for ${owed.session}`;
    case 'credential.refused':
      return `credential.refused ${owed.code} for ${owed.session}`;
    case 'credential.revoked':
      return `credential.revoked generation ${owed.generation} (${owed.state})`;
    default:
      return owed satisfies never;
  }
}
