import fc from 'fast-check';
import { ERROR_CATALOGUE } from '../../../../machines/rules/errors.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../../machines/rules/time.ts';
import {
  AGENT_SAS_ROUTE,
  DIRECT_ROUTE,
  GATEWAY_ROUTE,
  SHARED_ROUTE,
} from '../../../model/session-inputs.ts';
import type { AnyEvent, SideBySide } from './side-by-side.ts';

/** One drawn step: an event that is made when its turn comes, or a crash. */
export interface DrawnStep {
  readonly kind: 'leaf' | 'own' | 'known' | 'unknown' | 'crash' | 'crashSwapped';
  readonly pick: number;
  readonly time: number;
  readonly numbers: readonly [number, number, number];
}

const CODES = Object.keys(ERROR_CATALOGUE);
const ROUTES = [DIRECT_ROUTE, GATEWAY_ROUTE, SHARED_ROUTE, AGENT_SAS_ROUTE];
const AROUND_MS = [-1, 0, 1];
/** Also back: a clock that was set. */
const AHEAD_MS = [0, 0, 1, 10, MINUTE_MS, HOUR_MS, 25 * HOUR_MS, 6 * DAY_MS, 14 * DAY_MS, -HOUR_MS];
const LIVES_MS = [-1, 0, 1, HOUR_MS, 24 * HOUR_MS - 1, 24 * HOUR_MS, 13 * DAY_MS, 14 * DAY_MS];
const UNKNOWN_TYPES = ['nobody.knows', 'alarm.unheardOf', '', 'toString', 'credential'];

const steps: fc.Arbitrary<DrawnStep> = fc.record({
  kind: fc.oneof(
    { weight: 80, arbitrary: fc.constant('leaf' as const) },
    { weight: 3, arbitrary: fc.constant('own' as const) },
    { weight: 6, arbitrary: fc.constant('known' as const) },
    { weight: 1, arbitrary: fc.constant('unknown' as const) },
    { weight: 4, arbitrary: fc.constant('crash' as const) },
    { weight: 4, arbitrary: fc.constant('crashSwapped' as const) },
  ),
  pick: fc.nat(1_000),
  time: fc.nat(1_000),
  numbers: fc.tuple(fc.nat(1_000), fc.nat(1_000), fc.nat(1_000)),
});

export const drawnSteps: fc.Arbitrary<DrawnStep[]> = fc.array(steps, {
  maxLength: 80,
  size: 'max',
});

function pickOf<Item>(items: readonly Item[], pick: number): Item {
  return items[pick % items.length] as Item;
}

/** Time goes on a little, a lot, back, or to a deadline of the machine: before, at, after it. */
function nextInstant(now: number, context: unknown, time: number): number {
  const { deadlines = {} } = context as { deadlines?: Readonly<Record<string, number | null>> };
  const set = Object.values(deadlines).filter((at) => at !== null);
  if (set.length === 0 || time % 2 === 0) return now + pickOf(AHEAD_MS, time >> 1);
  return pickOf(set, time >> 3) + pickOf(AROUND_MS, time >> 1);
}

/** Every field that an event of any machine has; a type takes those that its name calls for. */
function fieldsOf(type: string, now: number, context: unknown, draw: DrawnStep): object {
  const { lastGeneration, credential } = context as {
    readonly lastGeneration?: number;
    readonly credential?: { readonly generation: number } | null;
  };
  const [first, second, third] = draw.numbers;
  const newest = lastGeneration ?? credential?.generation ?? 1;
  const generation = Math.max(0, newest + pickOf([0, 0, 0, 1, -1], first));
  const expiresAt = pickOf([null, ...LIVES_MS], second);
  const life = { generation, expiresAt: expiresAt === null ? null : now + expiresAt };
  const code = pickOf([...CODES, 'issuer.unavailable', 'access.denied', 'link.lost'], third);
  switch (type) {
    case 'credential.requested':
      return {
        requestId: `r${first % 4}`,
        trigger: pickOf(['connect', 'request', 'heartbeat', 'forced'], second),
        renew: third % 2 === 0,
        heldGeneration: generation,
      };
    case 'issuer.issued':
      return { generation, expiresAt: now + pickOf(LIVES_MS, second) };
    case 'credential.delivered':
      return { ...life, degraded: third % 2 === 0 };
    case 'credential.opened':
      return { ...life, grantedBytes: pickOf([null, 0, 7], third) };
    case 'contact.made':
      return { heldGeneration: generation, heldExpiresAt: life.expiresAt };
    case 'session.opened':
      return {
        route: pickOf(ROUTES, first),
        check: pickOf([null, line(true), line(false)], third),
      };
    case 'mover.ready':
      return { role: pickOf(['source', 'target'], first) };
    case 'mover.failed':
      return { role: pickOf(['source', 'target'], first), code };
    case 'quota.granted':
    case 'engine.grantNeeded':
      return { bytes: first };
    default:
      return {
        ...(/^(intent|issuer|credential)\./.test(type) ? { generation } : {}),
        ...withCode(),
      };
  }

  function withCode(): object {
    return /[fF]ailed$|refused$|abort$/.test(type) ? { code } : {};
  }
}

function line(isByTenant: boolean) {
  return { renewBelowMs: 24 * HOUR_MS, includesLine: false, isByTenant };
}

function typeOf(pair: SideBySide, { kind, pick }: DrawnStep): string {
  if (kind === 'unknown') return pickOf(UNKNOWN_TYPES, pick);
  const own = kind === 'known' ? [] : pair.ownEventTypes(kind === 'leaf');
  return pickOf(own.length > 0 ? own : pair.program.eventTypes, pick);
}

/** Takes the drawn steps until they are used up or the machine has ended; three more then. */
export function takeSteps(pair: SideBySide, drawn: readonly DrawnStep[], startAt: number): void {
  let now = startAt;
  let stepsAfterEnd = 0;
  for (const draw of drawn) {
    if (!pair.isActive) stepsAfterEnd += 1;
    if (stepsAfterEnd > 3) return;
    if (draw.kind === 'crash' || draw.kind === 'crashSwapped') {
      // What has failed is not persisted: the world starts it anew.
      if (!pair.hasFailed) pair.crash(draw.kind === 'crashSwapped');
      continue;
    }
    now = nextInstant(now, pair.context, draw.time);
    const type = typeOf(pair, draw);
    const event: AnyEvent = { type, at: now, ...fieldsOf(type, now, pair.context, draw) };
    pair.send(event);
  }
}
