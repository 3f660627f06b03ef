import { formatDuration } from '../../../machines/rules/duration.ts';
import { formatInstant } from '../../../machines/rules/time.ts';
import { formatSize } from '../../scenario/size.ts';
import type {
  FaultEffect,
  JobSource,
  RepositorySettings,
  Scenario,
  ScenarioStep,
} from '../../scenario/types.ts';

type Value = string | number | boolean | undefined | { readonly [key: string]: Value };

/** JSON is YAML: one line an entry, without what is not set. */
function flow(value: Value): string {
  return JSON.stringify(value);
}

function duration(ms: number): string {
  return formatDuration(ms).replaceAll(' ', '');
}

/** Exact, also where the words for people are rounded. */
function size(bytes: number): string {
  const short = formatSize(bytes).replace(' ', '');
  return /^\d+(B|KiB|MiB|GiB|TiB)$/.test(short) && isExact(short, bytes) ? short : `${bytes}B`;
}

function isExact(text: string, bytes: number): boolean {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const [, digits = '0', unit = 'B'] = /^(\d+)(\w+)$/.exec(text) ?? [];
  return Number(digits) * 1_024 ** units.indexOf(unit) === bytes;
}

function settings(given: Partial<RepositorySettings>): { readonly [key: string]: Value } {
  const { gatewayServer, mountServer, sasOverride } = given;
  return {
    mode: given.mode,
    access: given.access === undefined ? undefined : (given.access ?? 'unset'),
    gatewayServer: gatewayServer === undefined ? undefined : (gatewayServer ?? false),
    mountServer: mountServer === undefined ? undefined : (mountServer ?? false),
    strictGateway: given.strictGateway,
    httpProxy: given.needsHttpProxy,
    immutability: given.hasImmutability,
    inSession: given.inSession,
    margin: given.marginMs === undefined ? undefined : duration(given.marginMs),
    checkClock: given.checkClock,
    strictRenewal: given.strictRenewal,
    adaptThreshold: given.adaptThreshold,
    renewalFloor: given.renewalFloorMs == null ? undefined : duration(given.renewalFloorMs),
    sas:
      sasOverride == null
        ? undefined
        : {
            validity: duration(sasOverride.lifetimeMs),
            threshold: duration(sasOverride.renewBelowMs),
          },
    entraId: given.entraId,
    issuer: given.issuer,
    softLimit: given.softLimitBytes == null ? undefined : size(given.softLimitBytes),
    storedAccessPolicy: given.storedAccessPolicy,
  };
}

function source(given: JobSource): Value {
  if (given.type === 'folder') return { folder: given.path };
  const { files, totalBytes, seed, changedShare } = given;
  return { synthetic: { files, size: size(totalBytes), seed, changedShare } };
}

function effect(given: FaultEffect): { readonly [key: string]: Value } {
  switch (given.kind) {
    case 'jump':
      return { jump: duration(given.byMs) };
    case 'error':
      return { error: given.error };
    case 'reset':
      return { reset: true };
    case 'corruptBody':
      return { corruptBody: true };
    case 'delay':
      return { delay: duration(given.byMs) };
    case 'down':
      return { down: duration(given.forMs) };
    default:
      return given satisfies never;
  }
}

function stepValue(step: ScenarioStep): Value {
  switch (step.type) {
    case 'run':
      return { run: step.job, operation: step.operation };
    case 'warp':
      return { warp: duration(step.byMs) };
    case 'warpTo': {
      const { tenant, subtenant, repository } = step.scope;
      const of = `${tenant}${subtenant === null ? '' : `@${subtenant}`}/${repository}`;
      const sign = step.offsetMs < 0 ? '-' : '+';
      const offset = `${sign}${duration(Math.abs(step.offsetMs))}`;
      return {
        warp: { to: step.instant, of, offset: step.offsetMs === 0 ? undefined : offset },
      };
    }
    case 'setRepository':
      return { set: { repository: step.repository, ...settings(step.changes) } };
    case 'setTenant': {
      const { quotaBytes, disabled } = step.changes;
      const quota = quotaBytes === undefined ? undefined : size(quotaBytes);
      return {
        set: { tenant: step.tenant, subtenant: step.subtenant ?? undefined, quota, disabled },
      };
    }
    case 'fault': {
      const { site, storage, operation, nth, repeat } = step.fault;
      return {
        fault: {
          site,
          storage: storage ?? undefined,
          operation: operation ?? undefined,
          nth,
          repeat,
          ...effect(step.fault.effect),
        },
      };
    }
    case 'setMaintenance':
      return { set: { maintenance: step.isOn } };
    case 'restoreAll':
      return { restoreAll: true };
    default:
      return step satisfies never;
  }
}

/** Steps without an effect leave a `set` that sets nothing, which the file does not allow. */
function isWritable(step: ScenarioStep): boolean {
  if (step.type === 'setRepository' || step.type === 'setTenant') {
    return Object.keys(step.changes).length > 0;
  }
  return true;
}

/**
 * A scenario as the text of its file: the same world, and these steps. What was expected is left
 * out: it was expected of other steps. `notes` stand above as comments.
 */
export function scenarioText(
  scenario: Scenario,
  steps: readonly ScenarioStep[],
  notes: readonly string[],
): string {
  const written = steps.filter(isWritable);
  const list = (name: string, values: readonly Value[]): readonly string[] =>
    values.length === 0 ? [] : [`${name}:`, ...values.map((value) => `  - ${flow(value)}`)];
  const lines = [
    ...notes.map((note) => `# ${note.replaceAll(/[\r\n]+/g, ' ')}`),
    'version: 1',
    `title: ${flow(scenario.title)}`,
    `seed: ${flow(scenario.seed)}`,
    `start: ${formatInstant(scenario.startAt)}`,
    ...list(
      'storages',
      scenario.storages.map(({ name, kind, longestSessionMs, hasHierarchicalNamespace }) => ({
        name,
        kind,
        longestSession: longestSessionMs === null ? undefined : duration(longestSessionMs),
        hierarchicalNamespace: hasHierarchicalNamespace,
      })),
    ),
    ...list(
      'repositories',
      scenario.repositories.map(({ name, storage, ...given }) => ({
        name,
        storage,
        ...withoutOption(settings(given), scenario, storage),
      })),
    ),
    ...list(
      'tenants',
      scenario.tenants.map(({ name, quotaBytes, disabled, subtenants }) => ({
        name,
        quota: size(quotaBytes),
        disabled,
        subtenants: subtenants.map((one) => ({
          name: one.name,
          quota: one.quotaBytes === null ? undefined : size(one.quotaBytes),
        })) as unknown as Value,
      })),
    ),
    ...list(
      'jobs',
      scenario.jobs.map((job) => ({
        name: job.name,
        tenant: job.tenant,
        subtenant: job.subtenant ?? undefined,
        repository: job.repository,
        kind: job.kind,
        backup: job.backup,
        source: source(job.source),
        blockSize: size(job.blockBytes),
        httpProxy: job.needsHttpProxy,
        tenantConfigBackup: job.isTenantConfigBackup,
        inSession: job.inSession ?? undefined,
        schedule: scheduleValue(job, scenario.startAt),
      })),
    ),
    ...list('steps', written.map(stepValue)),
  ];
  return `${lines.join('\n')}\n`;
}

/** M5: only S3-compatible storage has the option. */
function withoutOption(
  given: { readonly [key: string]: Value },
  { storages }: Scenario,
  storage: string,
): { readonly [key: string]: Value } {
  const kind = storages.find(({ name }) => name === storage)?.kind;
  return kind === 's3-compatible' ? given : { ...given, access: undefined };
}

function scheduleValue(job: Scenario['jobs'][number], startAt: number): Value {
  if (job.schedule === null) return undefined;
  const { firstAt, everyMs, times } = job.schedule;
  const timeOfDay = formatInstant(firstAt).slice(11, 16);
  return {
    every: duration(everyMs),
    at: firstAt === startAt + everyMs ? undefined : timeOfDay,
    times: times ?? undefined,
  };
}
