import type { backupSessionMachine, TenantCheck } from '../../../machines/backup-session/index.ts';
import type { JsonObject } from '../../../machines/ports/event-log.ts';
import type { HostedMachine } from '../../../machines/ports/machine-host.ts';
import type { Route } from '../../../machines/rules/route.ts';
import { codeOf } from './session-facts.ts';

type SessionFact = Parameters<HostedMachine<typeof backupSessionMachine>['send']>[0];

/** A target mover's news of its conversation with the SP, as the session's machine hears it. */
export function contactFact(
  type: 'contact.made' | 'contact.lost' | 'credential.delivered' | 'credential.refused',
  header: JsonObject,
): SessionFact {
  switch (type) {
    case 'contact.made':
      return {
        type,
        heldGeneration: Number(header.heldGeneration),
        heldExpiresAt: instantOrNull(header.heldExpiresAt),
      };
    case 'contact.lost':
      return { type };
    case 'credential.delivered':
      return {
        type,
        generation: Number(header.generation),
        expiresAt: instantOrNull(header.expiresAt),
        degraded: header.degraded === true,
      };
    case 'credential.refused':
      return { type, code: codeOf(header) };
    default:
      return type satisfies never;
  }
}

/** M8: the SP has opened the session on this route. */
export function openedFact(header: JsonObject): SessionFact {
  return {
    type: 'session.opened',
    route: header.route as unknown as Route,
    check: header.check as unknown as TenantCheck | null,
  };
}

function instantOrNull(value: JsonObject[string] | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}
