import type { LogEvent } from '../../machines/ports/event-log.ts';
import { clientPrefix, configPrefix } from '../../machines/rules/layout.ts';
import { type Checker, notes } from './checker.ts';
import { asCount, asText } from './facts.ts';
import type { SessionFacts } from './session-facts.ts';

interface Folders {
  readonly own: string;
  readonly config: string;
  /** The tenant's folder, where the session is a subtenant's. */
  readonly tenant: string | null;
}

/** Kept by scope: its sessions share them. */
const folders = notes<{ of: Folders | null }>(() => ({ of: null }));

function foldersOf({ started, scope }: SessionFacts): Folders | null {
  if (started === null || scope === null) return null;
  const known = folders.of(scope);
  if (known.of !== null) return known.of;
  const tenant = asText(started.data.tenant);
  const repository = asText(started.data.repository);
  const subtenant = asText(started.data.subtenant);
  if (tenant === null || repository === null) return null;
  known.of = {
    own: clientPrefix({ tenant, subtenant, repository }),
    config: configPrefix(repository),
    tenant: subtenant === null ? null : clientPrefix({ tenant, subtenant: null, repository }),
  };
  return known.of;
}

const READING = /^(get|head|list)/i;

/**
 * I44, I45: a request that was served lies in the session's own folder, with its slash, so that
 * `t1` never reaches `t10`, nor a subtenant its tenant. I47: the repository's configuration is read
 * only. Only full keys are judged; a log that shortens them proves nothing.
 */
export const checkOwnFolder: Checker = {
  name: 'own-folder',
  invariants: ['I44', 'I45', 'I47'],
  start: ({ witness, report }) => {
    const saw = { I44: witness('I44'), I45: witness('I45'), I47: witness('I47') };
    return {
      placed: {
        'storage.used': (event, session) => {
          const key = asText(event.data.key);
          if (key === null || !key.startsWith('Veeam/Backup/')) return;
          const own = foldersOf(session);
          if (own === null || session.started === null || asText(event.data.status) !== 'ok')
            return;
          const isSubtenant = own.tenant !== null;
          saw[isSubtenant ? 'I45' : 'I44']();
          if (key.startsWith(own.own)) return;
          if (key.startsWith(own.config)) {
            saw.I47();
            if (READING.test(asText(event.data.operation) ?? '')) return;
            const what = `"${asText(event.data.operation)}" changed the repository's configuration`;
            report('I47', 'C9', what, [session.started, event]);
            return;
          }
          const isInTenant = own.tenant !== null && key.startsWith(own.tenant);
          const where = isInTenant ? 'in the folder of its tenant' : 'in a foreign folder';
          const what = `a request was served ${where}: ${key}`;
          report(isInTenant ? 'I45' : 'I44', 'C9', what, [session.started, event]);
        },
      },
    };
  },
};

const SP_HOSTS: readonly (string | null)[] = ['gatewayServer', 'mountServer'];

/** The target mover that started last. */
const targets = notes<{ last: LogEvent | null }>(() => ({ last: null }));

/**
 * I41: on a gateway route only the target mover on a host of the SP talks to the storage, with the
 * repository's own credential.
 */
export const checkGatedUse: Checker = {
  name: 'gated-use',
  invariants: ['I41'],
  start: ({ witness, report }) => {
    const sawUse = witness('I41');
    return {
      placed: {
        'mover.started': (event, session) => {
          if (asText(event.data.role) === 'target') targets.of(session).last = event;
        },
        'storage.used': (event, session) => {
          const { route, dataPath } = session;
          if (route === null || dataPath !== 'gateway') return;
          sawUse();
          const target = targets.of(session).last;
          const host = target === null ? null : asText(target.data.host);
          if (target !== null && !SP_HOSTS.includes(host)) {
            report('I41', 'P2', `the storage was used from ${host} on a gateway route`, [
              target,
              event,
            ]);
          }
          if (event.node.endsWith(':source') || event.node.startsWith('tenant:')) {
            const what = `the storage was used by ${event.node} on a gateway route`;
            report('I41', 'P2', what, [route, event]);
          }
          const generation = asCount(event.data.generation);
          if (generation === null || generation === 0) return;
          const what = `a tenant's credential (generation ${generation}) was used on a gateway route`;
          report('I41', 'C7', what, [route, event]);
        },
      },
    };
  },
};
