import type { LogEvent } from '../../machines/ports/event-log.ts';
import { isExpired } from '../../machines/rules/renewal.ts';
import { count, scopeOf, text } from './facts.ts';
import { readSessions } from './sessions.ts';
import { type Checker, ignoreWitness, type Violation, violation } from './violation.ts';

/** How a generation ends: the fact that told its expiry, and its revocation. */
interface Life {
  readonly source: LogEvent;
  readonly expiresAt: number;
  revoked: LogEvent | null;
}

function readLives(events: readonly LogEvent[]): ReadonlyMap<string, Life> {
  const lives = new Map<string, Life>();
  for (const event of events) {
    const name = `${scopeOf(event)} ${count(event, 'generation')}`;
    const expiresAt = count(event, 'expiresAt');
    const tellsExpiry = event.type === 'credential.issued' || event.type === 'credential.delivered';
    if (tellsExpiry && expiresAt !== null && !lives.has(name)) {
      lives.set(name, { source: event, expiresAt, revoked: null });
    }
    const life = lives.get(name);
    const isRevoked = event.type === 'credential.revoked' && text(event, 'state') !== 'irrevocable';
    if (isRevoked && life !== undefined) life.revoked = event;
  }
  return lives;
}

/**
 * I37: no request starts with an expired credential, whatever the storage makes of it (C16); one
 * that started in time may end later (I38). I42: none that starts after a revocation is served;
 * the word may reach the mover later than the storage. The repository's own credential
 * (generation 0) does not end and is exempt (I43).
 */
export const checkCredentialUse: Checker = (events, witness = ignoreWitness) => {
  const lives = readLives(events);
  const violations: Violation[] = [];
  for (const session of readSessions(events).values()) {
    for (const event of session.events) {
      const generation = count(event, 'generation');
      const startedAt = count(event, 'startedAt');
      if (event.type !== 'storage.used' || generation === 0 || startedAt === null) continue;
      const life = lives.get(`${session.scope} ${generation}`);
      if (life === undefined) continue;
      witness('I37');
      const endedAt = count(event, 'endedAt');
      if (endedAt !== null && isExpired(life.expiresAt, endedAt)) witness('I38');
      if (isExpired(life.expiresAt, startedAt)) {
        const lateMs = startedAt - life.expiresAt;
        const what = `a request started ${lateMs} ms after generation ${generation} had expired`;
        violations.push(violation('I37', 'C16', what, [life.source, event]));
      }
      if (life.revoked === null) continue;
      witness('I42');
      if (startedAt > life.revoked.at && text(event, 'status') === 'ok') {
        const what = `a request was served that started after generation ${generation} had been revoked`;
        violations.push(violation('I42', 'C22', what, [life.revoked, event]));
      }
    }
  }
  return violations;
};
