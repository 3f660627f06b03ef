import type { LogEvent } from '../../machines/ports/event-log.ts';
import { type Checker, notes } from './checker.ts';
import { asCount, asText } from './facts.ts';
import type { SessionFacts } from './session-facts.ts';

/** The key id that a repository was last seen with, by the fact that told it. */
type RepositoryKeys = Map<string, LogEvent>;

function repositoryOf(session: SessionFacts | null): string | null {
  const started = session?.started ?? null;
  return started === null ? null : asText(started.data.repository);
}

/**
 * I7: *share* hands out the repository's own key, and no key that was made for a tenant. I8: what
 * is limited is the very key that was issued, and never the repository's own. Generation 0 is the
 * repository's credential wherever a session uses it (C7).
 */
export const checkDeliveredKey: Checker = {
  name: 'delivered-key',
  invariants: ['I7', 'I8'],
  start: ({ witness, report }) => {
    const sawShared = witness('I7');
    const sawLimited = witness('I8');
    const own: RepositoryKeys = new Map();
    const noteOwn = (event: LogEvent, session: SessionFacts | null): void => {
      const repository = repositoryOf(session);
      if (asCount(event.data.generation) !== 0 || repository === null) return;
      if (!own.has(repository)) own.set(repository, event);
    };
    return {
      sees: { 'credential.used': noteOwn, 'credential.delivered': noteOwn },
      placed: {
        'credential.delivered': (event, session, scope) => {
          const { route } = session;
          const credential = route === null ? null : asText(route.data.credential);
          const keyId = asText(event.data.keyId);
          const number = asCount(event.data.generation);
          const repository = repositoryOf(session);
          if (route === null || keyId === null || number === null || repository === null) return;
          const first = own.get(repository) ?? null;
          const ownKeyId = first === null ? null : asText(first.data.keyId);
          if (credential === 'shared') {
            sawShared();
            if (number !== 0) {
              const what = `"share" delivered generation ${number}, not the repository's own key`;
              report('I7', 'C7', what, [route, event]);
            } else if (first !== null && ownKeyId !== keyId) {
              report('I7', 'C7', '"share" delivered a key that is not the repository’s', [
                first,
                event,
              ]);
            }
            return;
          }
          if (credential !== 'limited') return;
          sawLimited();
          if (number === 0 || (first !== null && ownKeyId === keyId)) {
            report('I8', 'C7', "a limited route delivered the repository's own key", [
              route,
              event,
            ]);
          }
          const generation = scope?.generation(number) ?? null;
          if (generation?.number !== number || generation.issued === null) return;
          if (asText(generation.issued.data.keyId) === keyId) return;
          const what = `generation ${number} was delivered with another key than it was issued with`;
          report('I8', 'C5', what, [generation.issued, event]);
        },
      },
    };
  },
};

const ISSUER_FACTS = ['credential.issued', 'credential.issueFailed', 'credential.saved'] as const;

/** I18: nobody but the SP asks the storage system for credentials, or keeps them. */
export const checkIssuedByProvider: Checker = {
  name: 'issued-by-provider',
  invariants: ['I18'],
  start: ({ witness, report }) => {
    const sawIssue = witness('I18');
    const onFact = (event: LogEvent): void => {
      sawIssue();
      if (event.node === 'sp') return;
      report('I18', 'C5', `${event.type} was seen at ${event.node}, not at the SP`, [event]);
    };
    return { sees: Object.fromEntries(ISSUER_FACTS.map((type) => [type, onFact])) };
  },
};

interface Triggers {
  /** Contacts that no check of the tenant has followed yet, and requests without the SP's. */
  contacts: number;
  requests: number;
}

const triggers = notes<Triggers>(() => ({ contacts: 0, requests: 0 }));

/**
 * I27: 14-day kinds are checked when the target mover reaches the SP through the cloud gateway,
 * once a contact; the SP checks where credentials are requested, once a request, and for Azure it
 * does so alone. Checks in the middle of a session (C15 `proactive`, C20) name their own trigger.
 */
export const checkTrigger: Checker = {
  name: 'check-trigger',
  invariants: ['I27'],
  start: ({ witness, report }) => {
    const sawCheck = witness('I27');
    return {
      placed: {
        'gateway.connected': (_event, session) => {
          triggers.of(session).contacts += 1;
        },
        'credential.requested': (_event, session) => {
          triggers.of(session).requests += 1;
        },
        'credential.checked': (event, session) => {
          const own = triggers.of(session);
          sawCheck();
          if (asText(event.data.by) === 'sp') {
            own.requests -= 1;
            if (own.requests < 0) {
              report('I27', 'C3', 'the SP checked without a request for credentials', [event]);
              own.requests = 0;
            }
            return;
          }
          if (session.isAzure) {
            report('I27', 'C3', 'for Azure the SP checks, not the tenant', [event]);
          }
          if (asText(event.data.trigger) !== 'connect') return;
          own.contacts -= 1;
          if (own.contacts >= 0) return;
          report('I27', 'C2', 'the tenant checked without connecting to the cloud gateway', [
            event,
          ]);
          own.contacts = 0;
        },
      },
    };
  },
};
