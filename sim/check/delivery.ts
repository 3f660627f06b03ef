import { OPERATIONS } from '../../machines/rules/settings.ts';
import type { Checker } from './checker.ts';
import { asCount, asText, texts } from './facts.ts';

/** I2, I6: on a gateway route nothing is delivered to the tenant; *backup server* is such a one. */
export const checkGatedDelivery: Checker = {
  name: 'gated-delivery',
  invariants: ['I2', 'I6'],
  start: ({ witness, report }) => {
    const saw = { I2: witness('I2'), I6: witness('I6') };
    return {
      placed: {
        'route.selected': (event, { route, dataPath }) => {
          if (event !== route) return;
          const isBackupServer = asText(route.data.access) === 'backup-server';
          if (dataPath === 'gateway') saw[isBackupServer ? 'I6' : 'I2']();
          else if (isBackupServer) {
            const what = 'the option "backup server" has led to a direct route';
            report('I6', 'P6', what, [route]);
          }
          // X1 and X2 send a job to the gateway server whatever the option says.
          const isForced = texts(route, 'rules').some((rule) => rule === 'X1' || rule === 'X2');
          const targetHost = asText(route.data.targetHost);
          if (!isBackupServer || isForced || targetHost === 'mountServer') return;
          const what = `the target mover belongs on the mount server, not on ${targetHost}`;
          report('I6', 'P6', what, [route]);
        },
        'credential.delivered': (event, { route, dataPath }) => {
          if (route === null || dataPath !== 'gateway') return;
          const isBackupServer = asText(route.data.access) === 'backup-server';
          const what = 'a credential was delivered to the tenant on a gateway route';
          report(isBackupServer ? 'I6' : 'I2', isBackupServer ? 'C7' : 'P2', what, [route, event]);
        },
      },
    };
  },
};

/**
 * I36: each delivery is for a running session and its operation. I35: and for that session's own
 * scope. I53: and says how much space there is to one that stores.
 */
export const checkDeliveryPurpose: Checker = {
  name: 'delivery-purpose',
  invariants: ['I35', 'I36', 'I53'],
  start: ({ witness, report }) => {
    const sawPurpose = witness('I36');
    const sawScope = witness('I35');
    const sawQuota = witness('I53');
    return {
      sees: {
        'credential.delivered': (event, session, scope) => {
          const { started = null, ended = null } = session ?? {};
          sawPurpose();
          if (session === null || started === null) {
            const what = 'a credential was delivered to no running session';
            report('I36', 'C8', what, [event]);
            return;
          }
          if (ended !== null) {
            const what = 'a credential was delivered after the end of the session';
            report('I36', 'C8', what, [ended, event]);
          }
          const operation = asText(event.data.operation);
          const isKnown = OPERATIONS.some((known) => known === operation);
          if (!isKnown || operation !== session.operation) {
            const what = `delivered for "${operation}"; the session's operation is "${session.operation}"`;
            report('I36', 'C8', what, [started, event]);
          }
          sawScope();
          if (scope !== session.scope) {
            const own = session.scope?.id ?? null;
            const what = `delivered for ${scope?.id ?? null}; the session's scope is ${own}`;
            report('I35', 'C12', what, [started, event]);
          }
          // What only reads needs no space: the quota is told to those who are about to store.
          if (operation !== 'backup') return;
          sawQuota();
          if (asCount(event.data.quotaBytes) === null) {
            const what = 'the credential came without information about the quota';
            report('I53', 'P3', what, [event]);
          }
        },
      },
    };
  },
};

/** S24: what was issued in this log is delivered only after it was saved. */
export const checkSavedBeforeDelivery: Checker = {
  name: 'saved-before-delivery',
  invariants: ['S24'],
  start: ({ witness, report }) => {
    const sawDelivery = witness('S24');
    return {
      sees: {
        'credential.delivered': (event, _session, scope) => {
          const number = asCount(event.data.generation);
          if (number === 0) return;
          sawDelivery();
          const own = number === null ? null : (scope?.generation(number) ?? null);
          if (own === null || own.number !== number) return;
          if (own.issued === null || own.saved !== null) return;
          const what = `${scope?.id} generation ${number} was delivered before it was saved in the configuration database`;
          report('S24', 'C5', what, [own.issued, event]);
        },
      },
    };
  },
};
