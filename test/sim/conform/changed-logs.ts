import type { JsonObject, LogEvent } from '../../../machines/ports/event-log.ts';
import type { FollowedMachine } from '../../../sim/conform/index.ts';

type Log = readonly LogEvent[];
type Which = (event: LogEvent) => boolean;

export interface ChangedLog {
  readonly name: string;
  readonly story: string;
  readonly change: (events: Log) => Log;
  readonly machine: FollowedMachine;
  /** The type of the first line that cannot be. */
  readonly at: string;
}

const ofType =
  (type: string, data: JsonObject = {}): Which =>
  (event) =>
    event.type === type &&
    Object.entries(data).every(([name, value]) => event.data[name] === value);

function first(events: Log, which: Which): LogEvent {
  const found = events.find(which);
  if (found === undefined) throw new Error('the story has no such line');
  return found;
}

const without =
  (which: Which) =>
  (events: Log): Log => {
    const gone = first(events, which);
    return events.filter((event) => event !== gone);
  };

const twice =
  (which: Which) =>
  (events: Log): Log => {
    const doubled = first(events, which);
    return events.flatMap((event) => (event === doubled ? [event, event] : [event]));
  };

const patched =
  (which: Which, data: JsonObject) =>
  (events: Log): Log => {
    const old = first(events, which);
    return events.map((event) =>
      event === old ? { ...event, data: { ...event.data, ...data } } : event,
    );
  };

const later =
  (which: Which, behind: Which) =>
  (events: Log): Log => {
    const moved = first(events, which);
    const place = first(events, behind);
    return events
      .filter((event) => event !== moved)
      .flatMap((event) => (event === place ? [event, moved] : [event]));
  };

const SESSION = 'backup session' as const;
const LIFECYCLE = 'credential lifecycle' as const;
const CONNECTION = 'control connection' as const;
const DIRECT = 'backup-direct';

export const changedLogs: readonly ChangedLog[] = [
  {
    name: 'M8: no route was ever selected',
    story: DIRECT,
    change: without(ofType('route.selected')),
    machine: SESSION,
    at: 'session.state',
  },
  {
    name: 'M8: the route is selected again',
    story: DIRECT,
    change: twice(ofType('route.selected')),
    machine: SESSION,
    at: 'route.selected',
  },
  {
    name: 'P3: a target mover starts on the gateway server of a direct route',
    story: DIRECT,
    change: patched(ofType('mover.started', { role: 'target' }), { host: 'gatewayServer' }),
    machine: SESSION,
    at: 'mover.started',
  },
  {
    name: 'P7: it is in contact before both movers are up',
    story: DIRECT,
    change: without(ofType('mover.started', { role: 'source' })),
    machine: SESSION,
    at: 'session.state',
  },
  {
    name: 'P2: the target mover starts before the source mover',
    story: 'backup-gateway',
    change: later(
      ofType('mover.started', { role: 'source' }),
      ofType('mover.started', { role: 'target' }),
    ),
    machine: SESSION,
    at: 'session.state',
  },
  {
    name: 'P3: contact that the SP knows nothing of',
    story: DIRECT,
    change: without(ofType('gateway.connected')),
    machine: SESSION,
    at: 'channel.up',
  },
  {
    name: 'P3: the session runs without a delivery',
    story: DIRECT,
    change: without(ofType('credential.delivered')),
    machine: SESSION,
    at: 'session.state',
  },
  {
    name: 'P3: the session runs before the delivery',
    story: DIRECT,
    change: later(
      ofType('credential.delivered'),
      ofType('session.state', { state: 'active.running' }),
    ),
    machine: SESSION,
    at: 'session.state',
  },
  {
    name: 'C2: nobody has checked, and a renewal is asked for',
    story: DIRECT,
    change: without(ofType('credential.checked', { by: 'tenant' })),
    machine: SESSION,
    at: 'credential.requested',
  },
  {
    name: 'C10: the tenant renews with exactly 24 h left',
    story: 'renewal-at-the-line',
    change: patched(ofType('credential.checked', { by: 'tenant', decision: 'keep' }), {
      decision: 'renew',
    }),
    machine: SESSION,
    at: 'credential.checked',
  },
  {
    name: 'C10: the tenant keeps with 1 ms less than 24 h left',
    story: 'renewal-1ms-after-the-line',
    change: patched(
      (event) => event.session === 's2' && ofType('credential.checked', { by: 'tenant' })(event),
      { decision: 'keep' },
    ),
    machine: SESSION,
    at: 'credential.checked',
  },
  {
    name: 'C11: the SP checks on another line than the one that it delivers by',
    story: 'renewal-at-the-line',
    change: patched(
      (event) => event.session === 's2' && ofType('credential.checked', { by: 'sp' })(event),
      { decision: 'renew' },
    ),
    machine: LIFECYCLE,
    at: 'credential.checked',
  },
  {
    name: 'I27: a generation that nobody asked for',
    story: DIRECT,
    change: (events) => {
      const [issued, saved] = ['credential.issued', 'credential.saved'].map((type) =>
        first(events, ofType(type)),
      ) as [LogEvent, LogEvent];
      const next = (event: LogEvent): LogEvent => ({
        ...event,
        data: { ...event.data, generation: 2 },
      });
      return events.flatMap((event) =>
        event === saved ? [event, next(issued), next(saved)] : [event],
      );
    },
    machine: LIFECYCLE,
    at: 'credential.issued',
  },
  {
    name: 'C5: delivered and never saved',
    story: DIRECT,
    change: (events) =>
      without(ofType('credential.saved'))(without(ofType('credential.issued'))(events)),
    machine: LIFECYCLE,
    at: 'credential.delivered',
  },
  {
    name: 'C12: a number is used twice',
    story: 'renewal-1ms-after-the-line',
    change: patched(ofType('credential.issued', { generation: 2 }), { generation: 1 }),
    machine: LIFECYCLE,
    at: 'credential.issued',
  },
  {
    name: 'C12: an older generation is delivered after its renewal',
    story: 'renewal-1ms-after-the-line',
    change: patched(ofType('credential.delivered', { generation: 2 }), { generation: 1 }),
    machine: LIFECYCLE,
    at: 'credential.delivered',
  },
  {
    name: 'C17: a delivery says degraded where nothing failed',
    story: DIRECT,
    change: patched(ofType('credential.delivered'), { degraded: true }),
    machine: LIFECYCLE,
    at: 'credential.delivered',
  },
  {
    name: 'Q3: quota ends a session that was refused no grant',
    story: 'quota-exceeded',
    change: without(ofType('quota.refused')),
    machine: SESSION,
    at: 'session.state',
  },
  {
    name: 'L1: a wait ends long before its budget',
    story: 'channel-lost',
    change: (events) => {
      const detached = first(events, ofType('session.state', { state: 'active.detached' }));
      const kept = events.filter(({ seq }) => seq <= detached.seq);
      const state = (name: string): LogEvent => ({
        ...detached,
        seq: detached.seq + 1,
        data: { state: name },
      });
      const ended = first(events, ofType('session.ended'));
      const failed = { ...ended.data, state: 'failed', code: 'channel.lost' };
      return [...kept, state('ending.aborting'), { ...ended, data: failed }];
    },
    machine: SESSION,
    at: 'session.state',
  },
  {
    name: 'P8: contact is lost that was never made',
    story: DIRECT,
    change: without(ofType('channel.up', { role: 'target' })),
    machine: SESSION,
    at: 'session.state',
  },
  {
    name: 'P5: a connection of the tenant goes down that was never up',
    story: 'backup-gateway',
    change: without(ofType('channel.up', { role: 'tenant' })),
    machine: CONNECTION,
    at: 'channel.down',
  },
  {
    name: 'I71: a session that has ended goes on',
    story: DIRECT,
    change: (events) => {
      const ended = first(events, ofType('session.ended'));
      const again = first(events, ofType('session.state', { state: 'active.running' }));
      return events.flatMap((event) => (event === ended ? [event, again] : [event]));
    },
    machine: SESSION,
    at: 'session.state',
  },
  {
    name: 'I71: a session ends otherwise than its machine',
    story: DIRECT,
    change: patched(ofType('session.ended'), { state: 'failed', code: 'access.denied' }),
    machine: SESSION,
    at: 'session.state',
  },
  {
    name: 'F1: a mover exits that was never asked to, and nobody notices',
    story: DIRECT,
    change: (events) => {
      const running = first(events, ofType('session.state', { state: 'active.running' }));
      const exited = first(events, ofType('mover.exited', { role: 'source' }));
      return events.flatMap((event) => (event === running ? [event, exited] : [event]));
    },
    machine: SESSION,
    at: 'session.state',
  },
];
