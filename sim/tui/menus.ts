import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { FaultEffect, FaultSite, Scenario, ScenarioStep } from '../scenario/types.ts';
import { chosenCredential, chosenSession } from './chosen.ts';
import { matches, parseFilter } from './filter.ts';
import type { Frame } from './frame.ts';
import type { Seek } from './history/player.ts';
import type { Act, ClockedPart, Order } from './live-run.ts';
import { transitionRows } from './model/machine-tree.ts';
import { warpStops } from './model/next.ts';
import type { SessionView } from './model/types.ts';

export type Effect =
  | { readonly type: 'seek'; readonly seek: Seek }
  | { readonly type: 'order'; readonly order: Order }
  | { readonly type: 'type'; readonly text: string };

export interface MenuEntry {
  readonly label: string;
  readonly hint: string;
  /** Why it cannot be chosen now; null: it can. */
  readonly reason: string | null;
  readonly effect: Effect | null;
  /** Asked about before it is done. */
  readonly destroys: boolean;
}

/** The entries of the menu that is open, narrowed by its filter. */
export function menuEntries(frame: Frame): readonly MenuEntry[] {
  const all = frame.ui.menu === 'warp' ? warpEntries(frame) : doEntries(frame);
  const filter = parseFilter(frame.ui.filters.menu ?? '');
  if (filter.length === 0) return all;
  return all.filter(({ label, hint }) => matches(filter, {}, `${label} ${hint}`));
}

function entry(label: string, hint: string, effect: Effect, destroys = false): MenuEntry {
  return { label, hint, reason: null, effect, destroys };
}

const FAILURES: readonly string[] = [
  'session.refused',
  'route.refused',
  'quota.refused',
  'credential.refused',
  'credential.issueFailed',
];

export function isFailure({ type, data }: LogEvent): boolean {
  return FAILURES.includes(type) || (type === 'session.ended' && data.state === 'failed');
}

/** Named stops in time, then stops at what happens. */
function warpEntries(frame: Frame): readonly MenuEntry[] {
  const credential = chosenCredential(frame);
  const of = credential === null ? '' : ` of ${credential.scope}`;
  const stops = warpStops(credential, frame.now).map(({ label, hint, at }): MenuEntry => {
    if (at === null) return { label, hint, reason: hint, effect: null, destroys: false };
    const name = label.startsWith('+') ? label : `${label}${of}`;
    return entry(label, hint, { type: 'seek', seek: { label: name, until: at, test: null } });
  });
  const until = (label: string, hint: string, test: (event: LogEvent) => boolean): MenuEntry =>
    entry(label, hint, { type: 'seek', seek: { label, until: null, test } });
  return [
    ...stops,
    until('quota full', 'until a session gets no more quota (Q3)', ({ type }) => {
      return type === 'quota.refused';
    }),
    until('next failure', 'until something is refused or fails', isFailure),
    until('next session', 'until a session begins', ({ type }) => type === 'session.started'),
    entry('a time that you type', 'like 13d1h', { type: 'type', text: 'warp ' }),
  ];
}

const place = { line: 0, column: 0 };
const step = (of: ScenarioStep): Effect => ({ type: 'order', order: { type: 'step', step: of } });
const act = (of: Act): Effect => ({ type: 'order', order: { type: 'act', act: of } });

/** Everything that can be done now; what the session's machine would not hear comes with the reason. */
function doEntries(frame: Frame): readonly MenuEntry[] {
  const { scenario, clocked } = frame.run;
  const session = chosenSession(frame);
  if (clocked !== undefined) return fleetEntries(frame, clocked, session);
  if (scenario === null) return [];
  return [
    ...jobsFor(session, scenario).map(({ name, tenant, repository }) =>
      entry(`start ${name}`, `a backup of ${tenant} to ${repository}`, startEffect(name)),
    ),
    ...(session === null ? [] : sessionEntries(session, frame)),
    ...faultEntries(),
    ...settingEntries(scenario),
    entry(
      'SP server: restart',
      'dies where it stands (F3, F4)',
      act({ type: 'restartProvider' }),
      true,
    ),
    ...hostNames(scenario).map((host) =>
      entry(
        `${host}: restart`,
        'dies with its movers (F6)',
        act({ type: 'restartHost', host }),
        true,
      ),
    ),
    entry(
      'every connection: cut',
      'through the cloud gateway (F5)',
      act({ type: 'dropConnections' }),
    ),
  ];
}

/** What a fleet cannot do stands there with the reason, as everywhere. */
function fleetEntries(
  { now }: Frame,
  { offers }: ClockedPart,
  session: SessionView | null,
): readonly MenuEntry[] {
  const changes = offers.map(({ label, hint, destroys }) => {
    const order = { type: 'change', name: label, at: now } as const;
    return entry(label, hint, { type: 'order', order }, destroys);
  });
  const not = (label: string, reason: string): MenuEntry => {
    return { label, hint: reason, reason, effect: null, destroys: false };
  };
  const events = session === null ? [] : transitionRows(session, now);
  return [
    ...changes,
    not('start a session', 'the schedules of the fleet start them'),
    ...events.map(({ event }) => {
      const reason = 'a fleet is decided by its file, its seed and the changes above';
      return not(`${session?.id}: ${event}`, reason);
    }),
  ];
}

/** The job of the chosen session first: to connect once more is what is wanted most. */
function jobsFor(session: SessionView | null, { jobs }: Scenario): Scenario['jobs'] {
  const isOwn = (job: Scenario['jobs'][number]): boolean =>
    job.tenant === session?.tenant &&
    job.subtenant === session.subtenant &&
    job.repository === session.repository &&
    job.backup === session.backup;
  return [...jobs].sort((left, right) => Number(isOwn(right)) - Number(isOwn(left)));
}

export function startEffect(job: string): Effect {
  return step({ type: 'run', place, job, operation: 'backup', expect: null });
}

function hostNames({ repositories }: Scenario): readonly string[] {
  const names = repositories.flatMap(({ gatewayServer, mountServer }) => [
    gatewayServer,
    mountServer,
  ]);
  return [...new Set(names)].filter((name) => name !== null);
}

/** How an event of the session's machine is brought about from outside; others come by themselves. */
function causesOf(event: string, id: string): readonly (readonly [string, Effect, boolean])[] {
  switch (event) {
    case 'session.cancelled':
      return [['the user cancels', act({ type: 'cancel', session: id }), true]];
    case 'mover.failed':
      return (['source', 'target'] as const).map((role) => [
        `the ${role} mover dies`,
        act({ type: 'killMover', session: id, role }),
        true,
      ]);
    case 'contact.lost':
    case 'channel.down':
      return [['every connection is cut', act({ type: 'dropConnections' }), false]];
    case 'transfer.credentialExpired':
      return [
        [
          'the storage says expired',
          faultEffect('storage', { kind: 'error', error: 'ExpiredToken' }),
          false,
        ],
      ];
    case 'transfer.failed':
      return [
        [
          'the storage says denied',
          faultEffect('storage', { kind: 'error', error: 'AccessDenied' }),
          false,
        ],
      ];
    default:
      return [];
  }
}

function sessionEntries(session: SessionView, { now }: Frame): readonly MenuEntry[] {
  return transitionRows(session, now).flatMap(({ event, isEnabled, text }): MenuEntry[] => {
    const label = `${session.id}: ${event}`;
    const none = { effect: null, destroys: false };
    if (isEnabled === 'no') return [{ label, hint: text, reason: text, ...none }];
    const causes = causesOf(event, session.id);
    const alone = event.startsWith('alarm.') ? 'time brings it: w moves time' : 'comes by itself';
    if (causes.length === 0) return [{ label, hint: `${text}; ${alone}`, reason: alone, ...none }];
    return causes.map(([cause, effect, destroys]) =>
      entry(`${label}, ${cause}`, text, effect, destroys),
    );
  });
}

function faultEffect(site: FaultSite, effect: FaultEffect): Effect {
  const operation = site === 'storage' ? ('PutObject' as const) : null;
  const fault = { site, storage: null, operation, nth: 1, repeat: 1, effect };
  return act({ type: 'fault', fault });
}

const EFFECTS: readonly (readonly [FaultSite, string, FaultEffect])[] = [
  ['storage', 'slow down', { kind: 'error', error: 'SlowDown' }],
  ['storage', 'internal error', { kind: 'error', error: 'InternalError' }],
  ['storage', 'expired token', { kind: 'error', error: 'ExpiredToken' }],
  ['storage', 'access denied', { kind: 'error', error: 'AccessDenied' }],
  ['storage', 'unknown key', { kind: 'error', error: 'InvalidAccessKeyId' }],
  ['storage', 'clock skewed', { kind: 'error', error: 'RequestTimeTooSkewed' }],
  ['storage', 'connection cut', { kind: 'reset' }],
  ['storage', 'answers 1 m late', { kind: 'delay', byMs: 60_000 }],
  ['storage', 'down for 10 m', { kind: 'down', forMs: 600_000 }],
  ['storage', '14 d pass before the answer', { kind: 'jump', byMs: 14 * 86_400_000 }],
  ['issuer', 'internal error', { kind: 'error', error: 'InternalError' }],
  ['issuer', 'access denied', { kind: 'error', error: 'AccessDenied' }],
  ['issuer', 'down for 1 h', { kind: 'down', forMs: 3_600_000 }],
  ['channel', 'connection cut', { kind: 'reset' }],
  ['channel', '14 d pass', { kind: 'jump', byMs: 14 * 86_400_000 }],
];

function faultEntries(): readonly MenuEntry[] {
  return EFFECTS.map(([site, words, effect]) => {
    const where = site === 'storage' ? 'at the next PutObject' : `at the next call of the ${site}`;
    return entry(`fault ${site}: ${words}`, where, faultEffect(site, effect));
  });
}

/** M8: settings hold from the next session on. */
function settingEntries({ repositories, tenants, storages }: Scenario): readonly MenuEntry[] {
  const ofRepositories = repositories.flatMap(({ name: repository, storage }) => {
    const set = (words: string, changes: object): MenuEntry =>
      entry(
        `set ${repository}: ${words}`,
        'from the next session on (M8)',
        step({
          type: 'setRepository',
          place,
          repository,
          changes,
        }),
      );
    const kind = storages.find(({ name }) => name === storage)?.kind;
    const access = ['unset', 'share', 'backup-server', 'iam-sts'] as const;
    return [
      set('mode gateway', { mode: 'gateway' }),
      set('mode direct', { mode: 'direct' }),
      ...(kind === 's3-compatible'
        ? access.map((one) => set(`access ${one}`, { access: one === 'unset' ? null : one }))
        : []),
      set('when it expires reconnect', { inSession: 'reconnect' }),
      set('when it expires fail', { inSession: 'strict' }),
    ];
  });
  const ofTenants = tenants.flatMap(({ name: tenant, quotaBytes }) => {
    const set = (words: string, changes: { quotaBytes?: number; disabled?: boolean }): MenuEntry =>
      entry(
        `set ${tenant}: ${words}`,
        'before the next step',
        step({
          type: 'setTenant',
          place,
          tenant,
          subtenant: null,
          changes,
        }),
      );
    return [
      set('disabled (C22)', { disabled: true }),
      set('enabled', { disabled: false }),
      set('quota doubled', { quotaBytes: quotaBytes * 2 }),
      set('quota 64 KiB', { quotaBytes: 65_536 }),
    ];
  });
  return [...ofRepositories, ...ofTenants];
}
