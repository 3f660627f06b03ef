import fc from 'fast-check';
import { MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import type { Mishap } from '../composed/network.ts';
import { formatDurationOf } from '../durations.ts';
import { type ComposedCommand, command } from './command.ts';

/** What roles say to each other about sessions, credentials and space. */
export const CONTROL = [
  'hello.accepted',
  'session.open',
  'session.opened',
  'session.close',
  'session.closed',
  'target.start',
  'target.report',
  'target.stop',
  'target.stopped',
  'mover.order',
  'mover.start',
  'mover.ready',
  'contact.refresh',
  'contact.state',
  'credential.request',
  'credential.deliver',
  'quota.request',
  'quota.granted',
  'quota.report',
  'quota.reported',
] as const;
/** What movers say to each other; it is lost with its connection only. */
export const DATA = ['block.data', 'blocks.stored', 'manifest.part', 'transfer.done'] as const;

function textOf(mishap: Mishap): string {
  switch (mishap.kind) {
    case 'lost':
      return 'lose';
    case 'late':
      return `delay by ${formatDurationOf(mishap.byMs)}`;
    case 'twice':
      return mishap.afterMs === 0
        ? 'duplicate'
        : `duplicate ${formatDurationOf(mishap.afterMs)} later`;
    default:
      return mishap satisfies never;
  }
}

const lost = fc.constant<Mishap>({ kind: 'lost' });
const late = fc
  .constantFrom(1, 20 * SECOND_MS, 4 * MINUTE_MS, 6 * MINUTE_MS)
  .map((byMs): Mishap => ({ kind: 'late', byMs }));
const twice = fc
  .constantFrom(0, 5, MINUTE_MS)
  .map((afterMs): Mishap => ({ kind: 'twice', afterMs }));
/** F24, F25, F26, F45: the next message of a type is lost, late or heard twice. */
export const messageMishap: fc.Arbitrary<ComposedCommand> = fc
  .oneof(
    fc.tuple(fc.constantFrom<string>(...CONTROL, ...DATA), fc.oneof(lost, late)),
    fc.tuple(fc.constantFrom<string>(...CONTROL), twice),
  )
  .map(([type, mishap]) =>
    command(`message(${type}, ${textOf(mishap)})`, (world) => world.network.arm(type, mishap)),
  );
