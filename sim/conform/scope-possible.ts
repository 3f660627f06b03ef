import type {
  credentialLifecycleMachine,
  GenerationHandle,
  LifecycleContext,
  LifecycleSettings,
} from '../../machines/credential-lifecycle/index.ts';
import type { Placed } from './machine-tables.ts';
import type { Hypothesis } from './pool.ts';

/** A line that must come before the machine takes its next step. */
export type OwedByScope =
  | {
      readonly type: 'credential.checked';
      readonly session: string;
      readonly decision: string;
      readonly leftMs: number;
    }
  | { readonly type: 'credential.refused'; readonly session: string; readonly code: string }
  | { readonly type: 'credential.revoked'; readonly generation: number; readonly state: string };

/** What the desk is doing for its machine; the world may answer it. */
export interface UnderWay {
  readonly kind: 'intent' | 'issue' | 'save' | 'saved' | 'revoke';
  readonly generation: number;
  readonly lifetimeMs: number;
}

/** C5: opened out of the database for one asker; it may get there, or not. */
export interface OnItsWay {
  readonly session: string;
  readonly generation: number;
  readonly expiresAt: number;
  readonly degraded: boolean;
}

/** Where the desk of a scope may be. */
export interface ScopePossible extends Hypothesis {
  readonly state: number;
  readonly context: LifecycleContext;
  readonly owed: readonly OwedByScope[];
  readonly underWay: readonly UnderWay[];
  readonly onItsWay: readonly OnItsWay[];
  /** What the database holds: it outlives the desk (L7). */
  readonly records: readonly GenerationHandle[];
}

export function sessionOfRequest(requestId: string): string {
  return requestId.slice(0, requestId.lastIndexOf('#'));
}

const ON_ITS_WAY_MAX = 32;

/** What follows from the requests of one step. */
export function withScopeRequests(
  possible: Omit<ScopePossible, 'key'>,
  requests: Placed<typeof credentialLifecycleMachine>['requests'],
): ScopePossible {
  let { owed, underWay, onItsWay, records } = possible;
  const begin = (kind: UnderWay['kind'], generation: number, lifetimeMs = 0): void => {
    // Asked again, it is answered once: a second answer would change nothing (I70).
    if (underWay.some((call) => call.kind === kind && call.generation === generation)) return;
    underWay = [...underWay, { kind, generation, lifetimeMs }];
  };
  for (const request of requests) {
    switch (request.type) {
      case 'records.recordIntent':
        // Only one attempt is in flight; a late answer to an older intent changes nothing.
        underWay = underWay.filter(({ kind }) => kind !== 'intent');
        begin('intent', request.generation);
        break;
      case 'records.dropIntent':
        break;
      case 'records.save':
        begin('save', request.generation);
        break;
      case 'issuer.issue':
        begin('issue', request.generation, request.lifetimeMs);
        break;
      case 'issuer.revoke':
        begin('revoke', request.generation);
        break;
      case 'records.mark': {
        const { type: _type, ...marked } = request;
        owed = [...owed, { type: 'credential.revoked', ...marked }];
        records = records.filter(({ generation }) => generation !== request.generation);
        break;
      }
      case 'credential.checked': {
        const { requestId, decision, leftMs } = request;
        const session = sessionOfRequest(requestId);
        owed = [...owed, { type: 'credential.checked', session, decision, leftMs }];
        break;
      }
      case 'credential.deliver': {
        const { requestId, generation, expiresAt, degraded } = request;
        const session = sessionOfRequest(requestId);
        onItsWay = [...onItsWay, { session, generation, expiresAt, degraded }].slice(
          -ON_ITS_WAY_MAX,
        );
        break;
      }
      case 'credential.refuse': {
        const { requestId, code } = request;
        owed = [
          ...owed,
          { type: 'credential.refused', session: sessionOfRequest(requestId), code },
        ];
        break;
      }
      default:
        request satisfies never;
    }
  }
  return withScopeKey({ ...possible, owed, underWay, onItsWay, records });
}

export function withScopeKey(possible: Omit<ScopePossible, 'key'>): ScopePossible {
  const { context, state, owed, underWay, onItsWay, records } = possible;
  // The last error is known anew before anything depends on it.
  const { deadlines, lastError: _lastError, settings, ...rest } = context;
  const armed = Object.values(deadlines).map((at) => at !== null);
  const about = [state, settingsKey(settings), rest, armed];
  const key = JSON.stringify([about, owed, underWay, onItsWay, records]);
  return { ...possible, key };
}

const SETTINGS_KEYS = new WeakMap<LifecycleSettings, string>();

function settingsKey(settings: LifecycleSettings): string {
  let key = SETTINGS_KEYS.get(settings);
  if (key === undefined) {
    key = Object.values(settings).join(' ');
    SETTINGS_KEYS.set(settings, key);
  }
  return key;
}
