import { DAY_MS } from '../../../machines/rules/time.ts';
import type { Path } from '../../scenario/document.ts';
import { wordRemedy } from '../../scenario/nearest.ts';
import type { Finding } from '../../scenario/shape.ts';
import { Chance } from '../model/chance.ts';
import type { Fleet, TenantGroup } from '../types.ts';
import { nextRun } from '../world/schedule.ts';
import type { FleetFile } from './schema.ts';

type Report = (path: Path, text: string) => void;

/** Which effects each site has. */
const EFFECTS_OF: Readonly<Record<string, readonly string[]>> = {
  issuer: ['error', 'delay', 'lost', 'down'],
  storage: ['error', 'delay', 'down'],
  records: ['error'],
  sp: ['down'],
  gateway: ['down'],
  network: ['down'],
  message: ['lost', 'delay', 'duplicate'],
  mover: ['error', 'crash'],
};
const EFFECTS = ['error', 'delay', 'lost', 'duplicate', 'crash', 'down'] as const;
const TRIGGERS = ['at', 'nth', 'oneIn'] as const;
const EVENTS = ['set', 'disable', 'enable', 'quota', 'maintenance'] as const;

const DAYS_MAX = 3_660;
const TENANTS_MAX = 1_000_000;

/** What several places of a well-formed file say together. */
export function checkFleet(file: FleetFile): readonly Finding[] {
  const findings: Finding[] = [];
  const report: Report = (path, text) => findings.push({ path, isAboutKey: false, text });
  checkLength(file, report);
  checkGroups(file, report);
  checkGateways(file, report);
  for (const [index, fault] of (file.faults ?? []).entries()) {
    checkFault(file, fault, ['faults', index], report);
  }
  for (const [index, event] of (file.events ?? []).entries()) {
    checkEvent(file, event, ['events', index], report);
  }
  return findings;
}

function checkLength({ days }: FleetFile, report: Report): void {
  if (days < 1) report(['days'], `a run of ${days} days shows nothing: give at least 1`);
  if (days > DAYS_MAX) report(['days'], `${days} days are too many: give at most ${DAYS_MAX}`);
}

function checkGroups(file: FleetFile, report: Report): void {
  const repositories = file.repositories.map(({ name }) => name);
  const taken = new Set<string>();
  let total = 0;
  for (const [index, group] of file.tenants.entries()) {
    const path = ['tenants', index] as const;
    if (taken.has(group.name)) report([...path, 'name'], `the group "${group.name}" is taken`);
    taken.add(group.name);
    if (group.count < 1) {
      report([...path, 'count'], `a group of ${group.count} tenants does nothing: give at least 1`);
    }
    total += Math.max(0, group.count);
    if (group.repository !== undefined && !repositories.includes(group.repository)) {
      const remedy = wordRemedy(group.repository, repositories);
      report([...path, 'repository'], `there is no repository "${group.repository}": ${remedy}`);
    }
    if (group.repository === undefined && repositories.length > 1) {
      report(path, `there are several repositories: add "repository" (${repositories.join(', ')})`);
    }
    checkSchedule(group.schedule, [...path, 'schedule'], report);
  }
  if (total > TENANTS_MAX) {
    report(['tenants'], `${total} tenants are too many: give at most ${TENANTS_MAX}`);
  }
}

function checkSchedule(
  schedule: FleetFile['tenants'][number]['schedule'],
  path: Path,
  report: Report,
): void {
  const given = (['daily', 'weekly', 'every'] as const).filter(
    (key) => schedule[key] !== undefined,
  );
  if (given.length !== 1) {
    const what = given.length === 0 ? 'no period' : `several periods (${given.join(', ')})`;
    report(path, `the schedule has ${what}: give exactly one of daily, weekly, every`);
  }
  const { businessHours } = schedule;
  if (businessHours !== undefined && businessHours.from >= businessHours.to) {
    report([...path, 'businessHours'], 'business hours must end after they begin, on the same day');
  }
}

function checkGateways({ gateways, repositories }: FleetFile, report: Report): void {
  const names = (gateways ?? [{ name: 'gateway' }]).map(({ name }) => name);
  for (const [index, { gateway }] of repositories.entries()) {
    if (gateway !== undefined && !names.includes(gateway)) {
      const text = `there is no gateway "${gateway}": ${wordRemedy(gateway, names)}`;
      report(['repositories', index, 'gateway'], text);
    }
    if (gateway === undefined && names.length > 1) {
      report(
        ['repositories', index],
        `there are several gateways: add "gateway" (${names.join(', ')})`,
      );
    }
  }
}

function namesFor(file: FleetFile, site: string): readonly string[] {
  const storages = (file.storages ?? [{ name: 's3' }]).map(({ name }) => name);
  if (site === 'issuer' || site === 'storage') return storages;
  if (site === 'gateway') return (file.gateways ?? [{ name: 'gateway' }]).map(({ name }) => name);
  if (site === 'sp') return [];
  if (site === 'records') return ['intent', 'save'];
  return file.tenants.map(({ name }) => name);
}

function checkFault(
  file: FleetFile,
  fault: NonNullable<FleetFile['faults']>[number],
  path: Path,
  report: Report,
): void {
  const triggers = TRIGGERS.filter((key) => fault[key] !== undefined);
  if (triggers.length !== 1) report(path, `give exactly one of ${TRIGGERS.join(', ')}`);
  const effects = EFFECTS.filter((key) => fault[key] !== undefined);
  if (effects.length !== 1) report(path, `give exactly one of ${EFFECTS.join(', ')}`);
  const possible = EFFECTS_OF[fault.site] ?? [];
  for (const effect of effects) {
    if (possible.includes(effect)) continue;
    const known = possible.join(', ');
    report([...path, effect], `a fault at ${fault.site} has no "${effect}": use one of: ${known}`);
  }
  const names = namesFor(file, fault.site);
  if (fault.of !== undefined && !names.includes(fault.of)) {
    report(
      [...path, 'of'],
      `the site ${fault.site} has no "${fault.of}": ${wordRemedy(fault.of, names)}`,
    );
  }
  const needsLength = effects[0] === 'down' || fault.at !== undefined;
  if (needsLength && (fault.for ?? 0) === 0) {
    report(path, 'this fault takes time: add "for" with a duration longer than zero');
  }
  if (fault.at !== undefined && fault.at >= file.days * DAY_MS) {
    report([...path, 'at'], 'this is after the last day of the run');
  }
}

function checkEvent(
  file: FleetFile,
  event: NonNullable<FleetFile['events']>[number],
  path: Path,
  report: Report,
): void {
  const kinds = EVENTS.filter((key) => event[key] !== undefined);
  if (kinds.length !== 1) report(path, `give exactly one of ${EVENTS.join(', ')}`);
  if (event.day >= file.days) report([...path, 'day'], 'this is after the last day of the run');
  const groups = file.tenants.map(({ name }) => name);
  for (const key of ['disable', 'enable', 'group'] as const) {
    const name = event[key];
    if (name !== undefined && !groups.includes(name)) {
      report([...path, key], `there is no group "${name}": ${wordRemedy(name, groups)}`);
    }
  }
  if (event.quota !== undefined && event.group === undefined) {
    report(path, 'whose quota? add "group"');
  }
  const repositories = file.repositories.map(({ name }) => name);
  const name = event.set?.repository;
  if (name !== undefined && !repositories.includes(name)) {
    const remedy = wordRemedy(name, repositories);
    report([...path, 'set', 'repository'], `there is no repository "${name}": ${remedy}`);
  }
}

/** Schedules that never fire: found by asking for the first run. */
export function checkSchedulesFire(fleet: Fleet): readonly Finding[] {
  const chance = new Chance(fleet.seed);
  const endAt = fleet.startAt + fleet.days * DAY_MS;
  return fleet.groups.flatMap((group, index) => {
    if (firesOnce(group, chance, fleet.startAt, endAt)) return [];
    const text = `no backup of "${group.name}" starts within ${fleet.days} days: change the schedule, the onboarding or days`;
    return [{ path: ['tenants', index, 'schedule'], isAboutKey: false, text }];
  });
}

/** The first and the last to come decide little; some tenants of the group are asked. */
function firesOnce(group: TenantGroup, chance: Chance, startAt: number, endAt: number): boolean {
  const { fromMs } = group.onboarding;
  for (let unit = 0; unit < Math.min(group.count, 20); unit += 1) {
    if (nextRun(group, chance, unit, startAt + fromMs, 0, endAt) !== null) return true;
  }
  return false;
}
