import { parseDuration } from '../../machines/rules/duration.ts';
import { sasOverrideProblem } from '../../machines/rules/lifetimes.ts';
import { type Path, valueAt } from './document.ts';
import { wordRemedy } from './nearest.ts';
import type { Finding } from './shape.ts';

/**
 * What two places of the file say together: names that are taken twice or lead nowhere, options
 * that a storage kind does not have, folders that are not there. Works on the plain data and passes
 * over what has the wrong shape (`shape.ts` reports that), so that one run reports everything.
 */
export interface ReferenceWorld {
  /** True when the path, relative to the scenario file or absolute, is a folder. */
  isFolder(path: string): boolean;
}

interface Item {
  readonly path: Path;
  readonly value: Readonly<Record<string, unknown>>;
}

type Report = (path: Path, text: string) => void;

export function checkReferences(data: unknown, world: ReferenceWorld): readonly Finding[] {
  const findings: Finding[] = [];
  const report: Report = (path, text) => findings.push({ path, isAboutKey: false, text });
  const storages = itemsAt(data, ['storages']);
  const repositories = itemsAt(data, ['repositories']);
  const tenants = itemsAt(data, ['tenants']);
  const jobs = itemsAt(data, ['jobs']);

  checkUnique('storage', storages, report);
  checkUnique('repository', repositories, report);
  checkUnique('tenant', tenants, report);
  checkUnique('job', jobs, report);
  for (const tenant of tenants) {
    const subtenants = itemsAt(data, [...tenant.path, 'subtenants']);
    checkUnique('subtenant', subtenants, report);
  }
  const file = { data, storages, repositories, tenants, jobs, report };
  for (const repository of repositories) checkRepository(file, repository);
  for (const job of jobs) checkJob(file, job, world);
  for (const step of itemsAt(data, ['steps'])) checkStep(file, step);
  return findings;
}

interface FileParts {
  readonly data: unknown;
  readonly storages: readonly Item[];
  readonly repositories: readonly Item[];
  readonly tenants: readonly Item[];
  readonly jobs: readonly Item[];
  readonly report: Report;
}

function itemsAt(data: unknown, path: Path): readonly Item[] {
  const list = valueAt(data, path);
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown, index) =>
    typeof value === 'object' && value !== null
      ? [{ path: [...path, index], value: value as Readonly<Record<string, unknown>> }]
      : [],
  );
}

function names(items: readonly Item[]): readonly string[] {
  return items.map(({ value }) => value.name).filter((name) => typeof name === 'string');
}

function named(items: readonly Item[], name: unknown): Item | undefined {
  return items.find(({ value }) => value.name === name);
}

function checkUnique(kind: string, items: readonly Item[], report: Report): void {
  const taken = new Set<string>();
  for (const { path, value } of items) {
    const name = value.name;
    if (typeof name !== 'string') continue;
    if (taken.has(name)) {
      report([...path, 'name'], `the ${kind} name "${name}" is taken already: choose another one`);
    }
    taken.add(name);
  }
}

/** Reports a name that nothing has; true when it is fine, absent, or not text. */
function checkName(kind: string, path: Path, known: readonly Item[], file: FileParts): boolean {
  const name = valueAt(file.data, path);
  if (typeof name !== 'string' || named(known, name) !== undefined) return true;
  file.report(path, `there is no ${kind} "${name}": ${wordRemedy(name, names(known))}`);
  return false;
}

/** The kind of the storage that a repository is on; undefined where that cannot be known. */
function storageKind(file: FileParts, repository: Item): unknown {
  if (file.storages.length === 0) return 's3-compatible';
  const name = repository.value.storage;
  const storage = name === undefined ? file.storages[0] : named(file.storages, name);
  return storage?.value.kind;
}

function checkOption(file: FileParts, repository: Item, path: Path): void {
  const access = valueAt(file.data, [...path, 'access']);
  const kind = storageKind(file, repository);
  if (access === undefined || access === 'unset' || typeof kind !== 'string') return;
  if (!['aws', 'gcs', 'azure'].includes(kind)) return;
  file.report(
    [...path, 'access'],
    `${kind} storage has no access option, the mode alone decides (M5): remove "access"`,
  );
}

function checkSas(file: FileParts, path: Path): void {
  const read = (key: string): number | null => {
    const text = valueAt(file.data, [...path, 'sas', key]);
    const result = typeof text === 'string' ? parseDuration(text) : null;
    return result?.ok === true ? result.ms : null;
  };
  const lifetimeMs = read('validity');
  const renewBelowMs = read('threshold');
  if (lifetimeMs === null || renewBelowMs === null) return;
  const problem = sasOverrideProblem({ lifetimeMs, renewBelowMs });
  if (problem !== null) file.report([...path, 'sas', 'threshold'], `${problem} (C4): change one`);
}

function checkRepository(file: FileParts, repository: Item): void {
  const { path, value } = repository;
  checkName('storage', [...path, 'storage'], effectiveStorages(file), file);
  if (value.storage === undefined && file.storages.length > 1) {
    const known = names(file.storages).join(', ');
    file.report(path, `there are several storages: add "storage" with one of: ${known}`);
  }
  checkOption(file, repository, path);
  checkSas(file, path);
}

function effectiveStorages(file: FileParts): readonly Item[] {
  return file.storages.length > 0 ? file.storages : [{ path: [], value: { name: 's3' } }];
}

function checkSubtenant(file: FileParts, path: Path): void {
  const tenant = named(file.tenants, valueAt(file.data, [...path, 'tenant']));
  if (tenant === undefined) return;
  const known = itemsAt(file.data, [...tenant.path, 'subtenants']);
  checkName(`subtenant of "${tenant.value.name}"`, [...path, 'subtenant'], known, file);
}

function checkJob(file: FileParts, job: Item, world: ReferenceWorld): void {
  const { path } = job;
  checkName('tenant', [...path, 'tenant'], file.tenants, file);
  checkName('repository', [...path, 'repository'], file.repositories, file);
  checkSubtenant(file, path);
  checkBackupIsOwn(file, job);
  const folderPath = [...path, 'source', 'folder'];
  const folder = valueAt(file.data, folderPath);
  if (typeof folder === 'string' && folder !== '' && !world.isFolder(folder)) {
    file.report(folderPath, `there is no folder "${folder}": create it or correct the path`);
  }
}

/** Two jobs that write one backup would take each other's restore points for their own. */
function checkBackupIsOwn(file: FileParts, job: Item): void {
  const keyOf = ({ value }: Item): string =>
    JSON.stringify([
      value.tenant,
      value.subtenant ?? null,
      value.repository,
      value.backup ?? value.name,
    ]);
  const first = file.jobs.find((other) => keyOf(other) === keyOf(job));
  if (first === undefined || first === job || first.value.name === job.value.name) return;
  file.report(
    job.value.backup === undefined ? job.path : [...job.path, 'backup'],
    `job "${String(first.value.name)}" writes the same backup: give one of them another "backup"`,
  );
}

function checkStep(file: FileParts, { path, value }: Item): void {
  checkName('job', [...path, 'run'], file.jobs, file);
  if (value.code !== undefined && value.expect !== 'failed') {
    file.report([...path, 'code'], 'a code belongs to a failure: add "expect: failed"');
  }
  checkScope(file, [...path, 'warp', 'of']);
  checkName('storage', [...path, 'fault', 'storage'], effectiveStorages(file), file);
  if (value.fault !== undefined) checkFault(file, [...path, 'fault']);
  const set = [...path, 'set'];
  checkName('tenant', [...set, 'tenant'], file.tenants, file);
  checkSubtenant(file, set);
  checkSubtenantDisable(file, set);
  checkSas(file, set);
  if (checkName('repository', [...set, 'repository'], file.repositories, file)) {
    const repository = named(file.repositories, valueAt(file.data, [...set, 'repository']));
    if (repository !== undefined) checkOption(file, repository, set);
  }
}

function checkSubtenantDisable(file: FileParts, set: Path): void {
  if (valueAt(file.data, [...set, 'subtenant']) === undefined) return;
  if (valueAt(file.data, [...set, 'disabled']) === undefined) return;
  file.report([...set, 'disabled'], 'only a whole tenant is disabled: remove "subtenant"');
}

function checkScope(file: FileParts, path: Path): void {
  const text = valueAt(file.data, path);
  if (typeof text !== 'string') return;
  const isKnown = text.includes('/')
    ? file.jobs.some((job) => jobScopeText(job) === text)
    : named(file.jobs, text) !== undefined;
  if (isKnown) return;
  const known = [...names(file.jobs), ...new Set(file.jobs.map(jobScopeText))];
  file.report(path, `no job is or uses "${text}": ${wordRemedy(text, known)}`);
}

function jobScopeText({ value }: Item): string {
  const subtenant = typeof value.subtenant === 'string' ? `@${value.subtenant}` : '';
  return `${String(value.tenant)}${subtenant}/${String(value.repository)}`;
}

const EFFECTS = ['jump', 'error', 'reset', 'corruptBody', 'delay', 'down'] as const;

/** What each site can do; a `channel` has no operations and no storage. */
const SITE_KEYS: Readonly<Record<string, readonly string[]>> = {
  storage: ['storage', 'operation', ...EFFECTS],
  issuer: ['storage', 'jump', 'error', 'delay', 'down'],
  channel: ['down'],
};

function checkFault(file: FileParts, path: Path): void {
  const fault = valueAt(file.data, path);
  if (typeof fault !== 'object' || fault === null) return;
  const given = Object.keys(fault);
  const effects = EFFECTS.filter((key) => given.includes(key));
  if (effects.length !== 1) {
    const what = effects.length === 0 ? 'no effect' : `several effects (${effects.join(', ')})`;
    file.report(path, `the fault has ${what}: give exactly one of ${EFFECTS.join(', ')}`);
  }
  const site = valueAt(fault, ['site']);
  const allowed = typeof site === 'string' ? SITE_KEYS[site] : undefined;
  if (allowed === undefined) return;
  for (const key of given) {
    if (!['storage', 'operation', ...EFFECTS].includes(key) || allowed.includes(key)) continue;
    const known = allowed.join(', ');
    file.report([...path, key], `a fault at site ${site} has no "${key}": use one of: ${known}`);
  }
}
