import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import { buildScenario } from '../../scenario/build.ts';
import type { ScenarioDocument } from '../../scenario/document.ts';
import type { ScenarioFile } from '../../scenario/schema.ts';
import type { RepositorySettings, Scenario } from '../../scenario/types.ts';
import type {
  FaultEffect,
  Fleet,
  FleetClock,
  FleetEvent,
  FleetFault,
  FleetRepository,
  FleetStorage,
  Schedule,
  TenantGroup,
} from '../types.ts';
import { type FleetFile, WEEKDAYS } from './schema.ts';

const DEFAULT_START_AT = Date.UTC(2026, 0, 5);
const NOTHING = { min: 0, typical: 0, max: 0 };
const DEFAULT_TIME_OF_DAY_MS = 22 * HOUR_MS;
const DEFAULT_GATEWAY = { name: 'gateway', bandwidth: 1_250_000_000, count: 1 };

type FileGroup = FleetFile['tenants'][number];
type FileFault = NonNullable<FleetFile['faults']>[number];
type FileEvent = NonNullable<FleetFile['events']>[number];

/** Fills every default in; the file must have passed all checks. */
export function buildFleet(
  file: FleetFile,
  document: ScenarioDocument,
  fallbackTitle: string,
): Fleet {
  const scenario = scenarioPart(file, document);
  const gateways = (file.gateways ?? [DEFAULT_GATEWAY]).map(({ name, bandwidth, count = 1 }) => ({
    name,
    bandwidth,
    count,
  }));
  const { network = {}, control = {} } = file;
  return {
    version: 1,
    title: file.title ?? fallbackTitle,
    seed: file.seed ?? 1,
    startAt: file.start ?? DEFAULT_START_AT,
    days: file.days,
    settleMs: file.settle ?? 14 * DAY_MS,
    network: {
      latency: network.latency ?? { min: 5, typical: 20, max: 100 },
      lossPpm: network.loss ?? 0,
      duplicatePpm: network.duplicate ?? 0,
      reorderPpm: network.reorder ?? 0,
      reorderMs: network.reorderBy ?? 2 * SECOND_MS,
    },
    connection: {
      handshakeTimeoutMs: 30 * SECOND_MS,
      heartbeatMs: control.heartbeat ?? MINUTE_MS,
      silenceMs: control.silence ?? 3 * MINUTE_MS,
      backoffFirstMs: SECOND_MS,
      backoffCapMs: control.reconnectEvery ?? 15 * MINUTE_MS,
    },
    session: {
      reconnectBudgetMs: control.budget ?? 30 * MINUTE_MS,
      answerTimeoutMs: control.answer ?? 5 * MINUTE_MS,
      restartsMax: control.restarts ?? 3,
      heartbeatMs: control.heartbeat ?? MINUTE_MS,
      quotaWaitMs: control.quotaWait ?? 0,
      moverStart: control.moverStart ?? { min: SECOND_MS, typical: 3_000, max: 20_000 },
    },
    spClock: buildClock(file.sp?.clock),
    grantChunkBytes: file.grantChunk ?? 256 * 1_024 ** 3,
    storages: scenario.storages.map((storage) => buildStorage(file, storage)),
    gateways,
    repositories: scenario.repositories.map((repository): FleetRepository => {
      const own = file.repositories.find(({ name }) => name === repository.name);
      return { ...repository, gateway: own?.gateway ?? (gateways[0]?.name as string) };
    }),
    groups: file.tenants.map((group) => buildGroup(file, group)),
    faults: (file.faults ?? []).map(buildFault),
    events: (file.events ?? []).map((event) => buildEvent(file, event, document)),
  };
}

/** Storages and repositories as the scenario file fills them in. */
function scenarioPart(file: FleetFile, document: ScenarioDocument): Scenario {
  const part = {
    version: 1 as const,
    repositories: file.repositories.map(({ gateway: _gateway, ...repository }) => repository),
    tenants: [],
    ...(file.storages === undefined
      ? {}
      : {
          storages: file.storages.map(
            ({ requestLatency: _latency, bandwidth: _bandwidth, issue: _issue, ...storage }) =>
              storage,
          ),
        }),
  };
  const options = { document, fallbackTitle: '', baseFolder: '/' };
  return buildScenario(part as unknown as ScenarioFile, options);
}

function buildStorage(file: FleetFile, storage: Scenario['storages'][number]): FleetStorage {
  const own = file.storages?.find(({ name }) => name === storage.name);
  const issue = own?.issue ?? {};
  return {
    ...storage,
    requestLatency: own?.requestLatency ?? { min: 5, typical: 30, max: 200 },
    bandwidth: own?.bandwidth ?? null,
    issueLatency: issue.latency ?? { min: 50, typical: 300, max: 2_000 },
    issueRate:
      issue.perSecond === undefined
        ? null
        : { perSecond: issue.perSecond, burst: issue.burst ?? 10 },
    propagation: issue.propagation ?? NOTHING,
  };
}

function buildClock(clock: FileGroup['clock']): FleetClock {
  return {
    offset: clock?.offset ?? NOTHING,
    driftPpm: clock?.drift ?? 0,
    jumps: (clock?.jumps ?? [])
      .map(({ at, by }) => ({ atMs: at, byMs: by }))
      .sort((left, right) => left.atMs - right.atMs),
  };
}

function buildSchedule({ daily, weekly, at, every }: FileGroup['schedule']): Schedule {
  if (daily !== undefined) return { kind: 'daily', timeOfDayMs: daily };
  if (weekly !== undefined) {
    const weekday = WEEKDAYS.indexOf(weekly);
    return { kind: 'weekly', weekday, timeOfDayMs: at ?? DEFAULT_TIME_OF_DAY_MS };
  }
  return { kind: 'every', everyMs: every ?? DAY_MS };
}

function buildGroup(file: FleetFile, group: FileGroup): TenantGroup {
  const { businessHours, jitter } = group.schedule;
  return {
    name: group.name,
    count: group.count,
    subtenants: group.subtenants ?? 0,
    repository: group.repository ?? (file.repositories[0]?.name as string),
    jobKind: group.job ?? 'server',
    quotaBytes: group.quota,
    subtenantQuotaBytes: group.subtenantQuota ?? null,
    schedule: buildSchedule(group.schedule),
    jitterMs: jitter ?? 0,
    businessHours:
      businessHours === undefined ? null : { fromMs: businessHours.from, toMs: businessHours.to },
    onboarding: {
      fromMs: (group.onboarding?.day ?? 0) * DAY_MS,
      overMs: group.onboarding?.over ?? 0,
    },
    first: group.first,
    incremental: group.incremental,
    throughput: group.throughput,
    keep: group.keep ?? 14,
    clock: buildClock(group.clock),
  };
}

export function buildFault(fault: FileFault, index: number): FleetFault {
  return {
    name: `${index + 1}:${fault.site}`,
    site: fault.site,
    of: fault.of ?? null,
    trigger: buildTrigger(fault),
    forMs: fault.for ?? 0,
    effect: buildEffect(fault),
  };
}

function buildTrigger({ at, nth, repeat, oneIn }: FileFault): FleetFault['trigger'] {
  if (at !== undefined) return { kind: 'at', atMs: at };
  if (nth !== undefined) return { kind: 'nth', nth, repeat: repeat ?? 1 };
  return { kind: 'chance', oneIn: oneIn ?? 1 };
}

function buildEffect(fault: FileFault): FaultEffect {
  if (fault.error !== undefined) return { kind: 'error', code: fault.error };
  if (fault.delay !== undefined) return { kind: 'delay', byMs: fault.delay };
  if (fault.lost !== undefined) return { kind: 'lost' };
  if (fault.duplicate !== undefined) return { kind: 'duplicate' };
  if (fault.crash !== undefined) return { kind: 'crash', role: fault.crash };
  return { kind: 'down', direction: fault.down ?? 'both' };
}

function buildEvent(file: FleetFile, event: FileEvent, document: ScenarioDocument): FleetEvent {
  const atMs = Math.round(event.day * DAY_MS);
  if (event.set !== undefined) {
    const { repository, ...changes } = event.set;
    return {
      kind: 'repository',
      atMs,
      repository,
      changes: changesOf(file, repository, changes, document),
    };
  }
  if (event.quota !== undefined) {
    return { kind: 'quota', atMs, group: event.group ?? '', quotaBytes: event.quota };
  }
  if (event.maintenance !== undefined) {
    return { kind: 'maintenance', atMs, isOn: event.maintenance };
  }
  const kind = event.disable === undefined ? 'enable' : 'disable';
  const group = event.disable ?? event.enable ?? '';
  return { kind, atMs, group, sharePpm: event.share ?? 1_000_000 };
}

/** What differs when the repository is built with the new settings instead of its own. */
function changesOf(
  file: FleetFile,
  name: string,
  changes: object,
  document: ScenarioDocument,
): Partial<RepositorySettings> {
  const repositories = file.repositories.map((one) =>
    one.name === name ? { ...one, ...changes } : one,
  );
  const find = (from: FleetFile): RepositorySettings =>
    scenarioPart(from, document).repositories.find(
      (one) => one.name === name,
    ) as RepositorySettings;
  const before = find(file);
  const after = find({ ...file, repositories });
  const keys = Object.keys(after) as (keyof RepositorySettings)[];
  return Object.fromEntries(
    keys.filter((key) => after[key] !== before[key]).map((key) => [key, after[key]]),
  );
}
