import { resolve } from 'node:path';
import { defaultIssuer } from '../../machines/rules/issuers.ts';
import { type CredentialScope, scopeId } from '../../machines/rules/scope.ts';
import { MINUTE_MS } from '../../machines/rules/time.ts';
import type { ScenarioDocument } from './document.ts';
import { firstRunAt } from './schedule.ts';
import type { ScenarioFile } from './schema.ts';
import type {
  FaultEffect,
  JobSource,
  Place,
  RepositorySettings,
  Scenario,
  ScenarioFault,
  ScenarioJob,
  ScenarioRepository,
  ScenarioStep,
  ScenarioStorage,
} from './types.ts';

const DEFAULT_START_AT = Date.UTC(2026, 0, 5, 8);
const DEFAULT_MARGIN_MS = MINUTE_MS;
const DEFAULT_BLOCK_BYTES = 1_024 ** 2;
const DEFAULT_CHANGED_SHARE = 0.1;

type FileRepository = ScenarioFile['repositories'][number];
type FileStorage = NonNullable<ScenarioFile['storages']>[number];
type FileJob = NonNullable<ScenarioFile['jobs']>[number];
type FileStep = NonNullable<ScenarioFile['steps']>[number];
type FileSettings = {
  readonly [Key in Exclude<keyof FileRepository, 'name' | 'storage'>]?:
    | FileRepository[Key]
    | undefined;
};

export interface BuildOptions {
  readonly document: ScenarioDocument;
  /** Shown where the file has no title. */
  readonly fallbackTitle: string;
  /** Absolute folder from which relative source folders count. */
  readonly baseFolder: string;
}

/** Fills every default in; the file must have passed `checkShape` and `checkReferences`. */
export function buildScenario(file: ScenarioFile, options: BuildOptions): Scenario {
  const startAt = file.start ?? DEFAULT_START_AT;
  const seed = file.seed ?? 1;
  const storages = buildStorages(file);
  const repositories = file.repositories.map((repository) => buildRepository(repository, storages));
  const jobs = (file.jobs ?? []).map((job) =>
    buildJob(job, { startAt, seed, baseFolder: options.baseFolder }),
  );
  const scenario: Scenario = {
    version: 1,
    title: file.title ?? options.fallbackTitle,
    seed,
    startAt,
    storages,
    repositories,
    tenants: file.tenants.map((tenant) => ({
      name: tenant.name,
      quotaBytes: tenant.quota,
      disabled: tenant.disabled ?? false,
      subtenants: (tenant.subtenants ?? []).map(({ name, quota }) => ({
        name,
        quotaBytes: quota ?? null,
      })),
    })),
    jobs,
    steps: (file.steps ?? []).map((step, index) =>
      buildStep(step, options.document.placeOf(['steps', index]), jobs),
    ),
  };
  return deepFreeze(scenario);
}

function buildStorages(file: ScenarioFile): readonly ScenarioStorage[] {
  const storages: readonly FileStorage[] = file.storages ?? [{ name: 's3', kind: 's3-compatible' }];
  return storages.map((storage) => ({
    name: storage.name,
    kind: storage.kind,
    longestSessionMs: storage.longestSession ?? null,
    hasHierarchicalNamespace: storage.kind === 'azure' && (storage.hierarchicalNamespace ?? true),
  }));
}

/** Only what the file gives, in the scenario's terms: for `set` steps as it is. */
function givenSettings(file: FileSettings): Partial<RepositorySettings> {
  const given: { -readonly [Key in keyof RepositorySettings]?: RepositorySettings[Key] } = {};
  if (file.mode !== undefined) given.mode = file.mode;
  if (file.access !== undefined) given.access = file.access === 'unset' ? null : file.access;
  if (file.gatewayServer !== undefined) {
    given.gatewayServer = hostName(file.gatewayServer, DEFAULT_GATEWAY_SERVER);
  }
  if (file.mountServer !== undefined) {
    given.mountServer = hostName(file.mountServer, DEFAULT_MOUNT_SERVER);
  }
  if (file.strictGateway !== undefined) given.strictGateway = file.strictGateway;
  if (file.httpProxy !== undefined) given.needsHttpProxy = file.httpProxy;
  if (file.immutability !== undefined) given.hasImmutability = file.immutability;
  if (file.inSession !== undefined) given.inSession = file.inSession;
  if (file.margin !== undefined) given.marginMs = file.margin;
  if (file.checkClock !== undefined) given.checkClock = file.checkClock;
  if (file.strictRenewal !== undefined) given.strictRenewal = file.strictRenewal;
  if (file.adaptThreshold !== undefined) given.adaptThreshold = file.adaptThreshold;
  if (file.renewalFloor !== undefined) given.renewalFloorMs = file.renewalFloor;
  if (file.sas !== undefined) {
    given.sasOverride = { lifetimeMs: file.sas.validity, renewBelowMs: file.sas.threshold };
  }
  if (file.entraId !== undefined) given.entraId = file.entraId;
  if (file.softLimit !== undefined) given.softLimitBytes = file.softLimit;
  if (file.issuer !== undefined) given.issuer = file.issuer;
  if (file.storedAccessPolicy !== undefined) given.storedAccessPolicy = file.storedAccessPolicy;
  return given;
}

const DEFAULT_GATEWAY_SERVER = 'gateway-server-1';
const DEFAULT_MOUNT_SERVER = 'mount-server-1';

function hostName(value: boolean | string, defaultName: string): string | null {
  if (typeof value === 'string') return value;
  return value ? defaultName : null;
}

function buildRepository(
  file: FileRepository,
  storages: readonly ScenarioStorage[],
): ScenarioRepository {
  const name = file.storage ?? (storages[0] as ScenarioStorage).name;
  const storage = storages.find((one) => one.name === name) as ScenarioStorage;
  return {
    name: file.name,
    storage: name,
    mode: file.mode,
    access: null,
    gatewayServer: DEFAULT_GATEWAY_SERVER,
    mountServer: DEFAULT_MOUNT_SERVER,
    strictGateway: false,
    needsHttpProxy: false,
    hasImmutability: false,
    inSession: 'reconnect',
    marginMs: DEFAULT_MARGIN_MS,
    checkClock: 'tenant',
    strictRenewal: false,
    adaptThreshold: false,
    renewalFloorMs: null,
    sasOverride: null,
    entraId: false,
    issuer: defaultIssuer(storage.kind, file.entraId ?? false),
    storedAccessPolicy: false,
    softLimitBytes: null,
    ...givenSettings(file),
  };
}

interface JobSurroundings {
  readonly startAt: number;
  readonly seed: number | string;
  readonly baseFolder: string;
}

function buildJob(file: FileJob, surroundings: JobSurroundings): ScenarioJob {
  return {
    name: file.name,
    tenant: file.tenant,
    subtenant: file.subtenant ?? null,
    repository: file.repository,
    kind: file.kind ?? 'server',
    backup: file.backup ?? file.name,
    source: buildSource(file, surroundings),
    blockBytes: file.blockSize ?? DEFAULT_BLOCK_BYTES,
    needsHttpProxy: file.httpProxy ?? false,
    isTenantConfigBackup: file.tenantConfigBackup ?? false,
    inSession: file.inSession ?? null,
    schedule:
      file.schedule === undefined
        ? null
        : {
            firstAt: firstRunAt(
              surroundings.startAt,
              file.schedule.every,
              file.schedule.at ?? null,
            ),
            everyMs: file.schedule.every,
            times: file.schedule.times ?? null,
          },
  };
}

function buildSource(file: FileJob, surroundings: JobSurroundings): JobSource {
  if ('folder' in file.source) {
    return { type: 'folder', path: resolve(surroundings.baseFolder, file.source.folder) };
  }
  const { synthetic } = file.source;
  return {
    type: 'synthetic',
    files: synthetic.files,
    totalBytes: synthetic.size,
    seed: synthetic.seed ?? `${surroundings.seed}/${file.name}`,
    changedShare: synthetic.changedShare ?? DEFAULT_CHANGED_SHARE,
  };
}

function buildStep(step: FileStep, place: Place, jobs: readonly ScenarioJob[]): ScenarioStep {
  if ('run' in step) {
    const isExpected = step.expect !== undefined || step.generation !== undefined;
    return {
      type: 'run',
      place,
      job: step.run,
      operation: step.operation ?? 'backup',
      expect: isExpected
        ? {
            state: step.expect ?? 'done',
            code: step.code ?? null,
            generation: step.generation ?? null,
          }
        : null,
    };
  }
  if ('warp' in step) {
    const { warp } = step;
    if (typeof warp === 'number') return { type: 'warp', place, byMs: warp };
    const scope = scopeOf(warp.of, jobs);
    return { type: 'warpTo', place, instant: warp.to, scope, offsetMs: warp.offset ?? 0 };
  }
  if ('set' in step) {
    const { set } = step;
    if ('repository' in set) {
      const { repository, ...changes } = set;
      return { type: 'setRepository', place, repository, changes: givenSettings(changes) };
    }
    if ('maintenance' in set) return { type: 'setMaintenance', place, isOn: set.maintenance };
    return {
      type: 'setTenant',
      place,
      tenant: set.tenant,
      subtenant: set.subtenant ?? null,
      changes: {
        ...(set.quota === undefined ? {} : { quotaBytes: set.quota }),
        ...(set.disabled === undefined ? {} : { disabled: set.disabled }),
      },
    };
  }
  if ('fault' in step) return { type: 'fault', place, fault: buildFault(step.fault) };
  return { type: 'restoreAll', place };
}

/** `of` names a job or a scope; `checkReferences` has made sure that it is found. */
function scopeOf(text: string, jobs: readonly ScenarioJob[]): CredentialScope {
  for (const { name, tenant, subtenant, repository } of jobs) {
    const scope = { repository, tenant, subtenant };
    if (name === text || scopeId(scope) === text) return scope;
  }
  throw new Error(`no job is or uses ${text}`);
}

type FileFault = Extract<FileStep, { readonly fault: unknown }>['fault'];

function buildFault(file: FileFault): ScenarioFault {
  return {
    site: file.site,
    storage: file.storage ?? null,
    operation: file.operation ?? null,
    nth: file.nth ?? 1,
    repeat: file.repeat ?? 1,
    effect: buildEffect(file),
  };
}

function buildEffect(file: FileFault): FaultEffect {
  if (file.jump !== undefined) return { kind: 'jump', byMs: file.jump };
  if (file.error !== undefined) return { kind: 'error', error: file.error };
  if (file.reset !== undefined) return { kind: 'reset' };
  if (file.corruptBody !== undefined) return { kind: 'corruptBody' };
  if (file.delay !== undefined) return { kind: 'delay', byMs: file.delay };
  if (file.down !== undefined) return { kind: 'down', forMs: file.down };
  throw new Error('a fault without an effect passed the checks');
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}
