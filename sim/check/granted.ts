import type { LogEvent } from '../../machines/ports/event-log.ts';
import { type Checker, notes } from './checker.ts';
import { asCount, asText } from './facts.ts';
import type { SessionFacts } from './session-facts.ts';

/** What a session was granted and has stored, and whether its way to the SP is known to be down. */
interface Stored {
  grantedBytes: number;
  storedBytes: number;
  granted: LogEvent | null;
  down: LogEvent | null;
  isReported: boolean;
}

const stored = notes<Stored>(() => ({
  grantedBytes: 0,
  storedBytes: 0,
  granted: null,
  down: null,
  isReported: false,
}));

const STORING = /^put/i;

function isStored(event: LogEvent): boolean {
  return asText(event.data.status) === 'ok' && STORING.test(asText(event.data.operation) ?? '');
}

/**
 * I54: no data byte before space was granted. I69: without the control channel only bytes that were
 * granted before may flow (P8), so that all that a session stores is covered by its grants at any
 * time. I54 is witnessed by every request that stores, I69 by those while the channel was down.
 */
export const checkGrantedBytes: Checker = {
  name: 'granted-bytes',
  invariants: ['I54', 'I69'],
  start: ({ witness, report }) => {
    const sawStored = witness('I54');
    const sawDetached = witness('I69');
    const downByTenant = new Map<string, LogEvent>();
    const onChannel = (event: LogEvent, session: SessionFacts | null): void => {
      const down = event.type === 'channel.down' ? event : null;
      if (session !== null) {
        if (asText(event.data.role) === 'target') stored.of(session).down = down;
        return;
      }
      const tenant = asText(event.data.tenant) ?? event.node.replace(/^tenant:/, '');
      if (down === null) downByTenant.delete(tenant);
      else downByTenant.set(tenant, down);
    };
    const downOf = (session: SessionFacts, own: Stored): LogEvent | null => {
      if (own.down !== null || session.started === null) return own.down;
      return downByTenant.get(asText(session.started.data.tenant) ?? '') ?? null;
    };
    return {
      sees: {
        'channel.down': onChannel,
        'channel.up': onChannel,
        'quota.granted': (event, session) => {
          if (session === null) return;
          const own = stored.of(session);
          own.grantedBytes += asCount(event.data.grantedBytes) ?? 0;
          own.granted = event;
        },
      },
      placed: {
        'storage.used': (event, session) => {
          // Without the start of the session nothing is known of what it was granted.
          if (session.operation !== 'backup' || session.started === null || !isStored(event))
            return;
          const own = stored.of(session);
          sawStored();
          own.storedBytes += asCount(event.data.bytes) ?? 0;
          const down = downOf(session, own);
          if (down !== null) sawDetached();
          if (own.isReported || own.storedBytes <= own.grantedBytes) return;
          own.isReported = true;
          if (own.granted === null) {
            report('I54', 'P7', 'bytes were stored before any space was granted', [
              session.started,
              event,
            ]);
            return;
          }
          const what = `${own.storedBytes} bytes were stored; the session was granted ${own.grantedBytes}`;
          report('I69', 'P8', what, [down ?? own.granted, event]);
        },
      },
    };
  },
};
