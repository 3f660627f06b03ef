import type { LogEvent } from '../../machines/ports/event-log.ts';
import { isExpired } from '../../machines/rules/renewal.ts';
import { type Checker, notes } from './checker.ts';
import { asCount, asText } from './facts.ts';
import type { SessionFacts } from './session-facts.ts';

/** Requests with a generation that nobody has told about yet. */
const unknownUses = notes<LogEvent[]>(() => []);

/**
 * I37: no request starts with an expired credential, whatever the storage makes of it (C16); one
 * that started in time may end later (I38). I42: none that starts after a revocation is served;
 * the word may reach the mover later than the storage. The repository's own credential
 * (generation 0) does not end and is exempt (I43).
 */
export const checkCredentialUse: Checker = {
  name: 'credential-use',
  invariants: ['I37', 'I38', 'I42'],
  start: ({ witness, report }) => {
    const sawUse = witness('I37');
    const sawLateEnd = witness('I38');
    const sawRevoked = witness('I42');

    /** False when nothing is known of the generation. */
    const judge = (event: LogEvent, session: SessionFacts): boolean => {
      const number = asCount(event.data.generation);
      const startedAt = asCount(event.data.startedAt);
      if (number === null || number === 0 || startedAt === null) return true;
      const life = session.scope?.generation(number) ?? null;
      if (life === null || life.told === null || life.expiresAt === null) return false;
      const { expiresAt, revoked, told } = life;
      sawUse();
      const endedAt = asCount(event.data.endedAt);
      if (endedAt !== null && isExpired(expiresAt, endedAt)) sawLateEnd();
      if (isExpired(expiresAt, startedAt)) {
        const lateMs = startedAt - expiresAt;
        const what = `a request started ${lateMs} ms after generation ${number} had expired`;
        report('I37', 'C16', what, [told, event]);
      }
      if (revoked === null) return true;
      sawRevoked();
      if (startedAt > revoked.at && asText(event.data.status) === 'ok') {
        const what = `a request was served that started after generation ${number} had been revoked`;
        report('I42', 'C22', what, [revoked, event]);
      }
      return true;
    };

    return {
      placed: {
        'storage.used': (event, session) => {
          if (!judge(event, session)) unknownUses.of(session).push(event);
        },
      },
      leaves: (session) => {
        for (const event of unknownUses.known(session) ?? []) judge(event, session);
      },
    };
  },
};
