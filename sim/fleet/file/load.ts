import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parse } from 'yaml';
import type { z } from 'zod';
import { parseDuration } from '../../../machines/rules/duration.ts';
import { DAY_MS } from '../../../machines/rules/time.ts';
import {
  formatPath,
  type Path,
  readDocument,
  type ScenarioDocument,
  valueAt,
} from '../../scenario/document.ts';
import type { ScenarioProblem } from '../../scenario/index.ts';
import { wordRemedy } from '../../scenario/nearest.ts';
import { checkReferences } from '../../scenario/references.ts';
import { describeIssues, type Finding } from '../../scenario/shape.ts';
import type { Fleet } from '../types.ts';
import { buildFleet } from './build.ts';
import { checkFleet, checkSchedulesFire } from './references.ts';
import { type FleetFile, fleetJsonSchema, fleetSchema } from './schema.ts';

export type FleetResult =
  /** `leftOut`: what a shorter run than the file's does not come to, in words. */
  | { readonly ok: true; readonly fleet: Fleet; readonly leftOut: readonly string[] }
  | { readonly ok: false; readonly problems: readonly ScenarioProblem[] };

export interface ParseFleetOptions {
  /** As the user wrote it. */
  readonly file: string;
  /** `repositories.vault.mode=direct`: what is changed before anything is checked. */
  readonly changes?: readonly string[];
}

/** Reads and checks a fleet file; a relative path counts from the working directory given. */
export function loadFleet(
  file: string,
  workingDirectory: string,
  changes: readonly string[] = [],
): FleetResult {
  let text: string;
  try {
    text = readFileSync(resolve(workingDirectory, file), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const what =
      code === 'ENOENT'
        ? 'there is no such file: check the path'
        : `the file cannot be read (${code}): it must be a readable text file`;
    return fail([{ file, line: 1, column: 1, path: '', text: what, excerpt: '' }]);
  }
  return parseFleet(text, { file, changes });
}

/** All problems are reported, in the order of the file. */
export function parseFleet(text: string, options: ParseFleetOptions): FleetResult {
  const read = readDocument(text);
  if (!read.ok) {
    const lines = text.split(/\r?\n/);
    return fail(
      read.problems.map(({ place, text: what }) => ({
        file: options.file,
        ...place,
        path: '',
        text: what,
        excerpt: lines[place.line - 1] ?? '',
      })),
    );
  }
  const { document } = read;
  if (isScenario(document.data)) {
    const what = `this is a scenario, not a fleet: fortnight run ${options.file}`;
    return fail(toProblems([{ path: [], isAboutKey: false, text: what }], document, options.file));
  }
  const changes = options.changes ?? [];
  const { data, findings } = applyChanges(document.data, changes);
  if (findings.length > 0) {
    // The mistake is on the command line: no line of the file has anything to do with it.
    const problems = toProblems(findings, document, options.file);
    return fail(problems.map((problem) => ({ ...problem, excerpt: '' })));
  }
  const isShortened = changes.some((change) => change.startsWith('days='));
  const leftOut = isShortened ? leaveOutLater(data) : [];
  const result = checkData(data, document, options.file);
  return result.ok ? { ...result, leftOut } : result;
}

/** A fleet that was drawn, not written: checked like a file. */
export function fleetFromData(data: unknown, name: string): FleetResult {
  const read = readDocument('{}');
  if (!read.ok) throw new Error('an empty document is YAML');
  return checkData(data, read.document, name);
}

function checkData(data: unknown, document: ScenarioDocument, file: string): FleetResult {
  const parsed = fleetSchema.safeParse(data);
  const references = checkReferences(scenarioView(data), { isFolder: () => true });
  if (!parsed.success) {
    const findings = [...describeFleetIssues(parsed.error.issues, data), ...references];
    return fail(toProblems(findings, document, file));
  }
  const findings = [...references, ...checkFleet(parsed.data)];
  if (findings.length > 0) return fail(toProblems(findings, document, file));
  const fleet = buildFleet(parsed.data as FleetFile, document, titleOf(file));
  const silent = checkSchedulesFire(fleet);
  if (silent.length > 0) return fail(toProblems(silent, document, file));
  return { ok: true, fleet, leftOut: [] };
}

function titleOf(file: string): string {
  return basename(file).replace(/\.ya?ml$/i, '');
}

/** Only what the scenario's own checks know. */
function scenarioView(data: unknown): unknown {
  return {
    storages: valueAt(data, ['storages']),
    repositories: valueAt(data, ['repositories']),
  };
}

function describeFleetIssues(
  issues: readonly z.core.$ZodIssue[],
  data: unknown,
): readonly Finding[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return describeIssues([issue], data);
    const path = issue.path as Path;
    const known = keysAt(path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      isAboutKey: true,
      text: `the key "${key}" is not known here: ${wordRemedy(key, known)}`,
    }));
  });
}

type Shape = {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
};

function keysAt(path: Path): readonly string[] {
  let node: Shape | undefined = fleetJsonSchema() as Shape;
  for (const segment of path) {
    node = typeof segment === 'number' ? node?.items : node?.properties?.[segment];
  }
  return Object.keys(node?.properties ?? {});
}

function fail(problems: readonly ScenarioProblem[]): FleetResult {
  return { ok: false, problems };
}

function toProblems(
  findings: readonly Finding[],
  document: ScenarioDocument,
  file: string,
): readonly ScenarioProblem[] {
  return findings
    .map(({ path, isAboutKey, text }) => {
      const place = isAboutKey ? document.placeOfKey(path) : document.placeOf(path);
      return {
        file,
        ...place,
        path: formatPath(path),
        text,
        excerpt: document.lineText(place.line),
      };
    })
    .sort((left, right) => left.line - right.line || left.column - right.column);
}

/** `tenants.offices.count=50`: a list is entered by the name of its item, or by its number. */
function applyChanges(
  data: unknown,
  changes: readonly string[],
): { readonly data: unknown; readonly findings: readonly Finding[] } {
  const copy = structuredClone(data);
  const findings: Finding[] = [];
  for (const change of changes) {
    const problem = applyChange(copy, change);
    if (problem !== null) {
      findings.push({ path: [], isAboutKey: false, text: `--set ${change}: ${problem}` });
    }
  }
  return { data: copy, findings };
}

function applyChange(data: unknown, change: string): string | null {
  const at = change.indexOf('=');
  if (at < 1) return 'write it like repositories.vault.mode=direct';
  const keys = change.slice(0, at).split('.');
  if (keys.join('.') === 'tenants.*.count') return scaleTenants(data, Number(change.slice(at + 1)));
  let node: unknown = data;
  for (const key of keys.slice(0, -1)) {
    const next = step(node, key) ?? makeRoom(node, key);
    if (next === undefined) return `there is no "${key}" here: ${wordRemedy(key, namesIn(node))}`;
    node = next;
  }
  const last = keys.at(-1) as string;
  if (typeof node !== 'object' || node === null || last === '')
    return `"${last}" has no place there`;
  let value: unknown;
  try {
    value = parse(change.slice(at + 1));
  } catch {
    return 'the value is not YAML';
  }
  if (Array.isArray(node)) {
    const index = indexOf(node, last);
    if (index === -1) return `the list has no "${last}"`;
    node[index] = value;
  } else (node as Record<string, unknown>)[last] = value;
  return null;
}

/** Scenarios and fleets lie side by side; each has keys that the other lacks. */
function isScenario(data: unknown): boolean {
  return valueAt(data, ['steps']) !== undefined && valueAt(data, ['days']) === undefined;
}

/** With fewer days than the file has: faults and events that would come later. */
function leaveOutLater(data: unknown): readonly string[] {
  const days = valueAt(data, ['days']);
  if (typeof days !== 'number' || days < 1) return [];
  const isLater = (item: { day?: unknown; at?: unknown }): boolean => {
    if (typeof item?.day === 'number') return item.day >= days;
    const at = typeof item?.at === 'string' ? parseDuration(item.at) : null;
    return at?.ok === true && at.ms >= days * DAY_MS;
  };
  return (['faults', 'events'] as const).flatMap((key) => {
    const all = valueAt(data, [key]);
    if (!Array.isArray(all)) return [];
    const kept = all.filter((item) => !isLater(item));
    const count = all.length - kept.length;
    (data as Record<string, unknown>)[key] = kept;
    return count === 0 ? [] : [`${count} of the ${all.length} ${key} come after day ${days}`];
  });
}

/** `tenants.*.count=0.1`: so many times the tenants, but at least one in each group. */
function scaleTenants(data: unknown, scale: number): string | null {
  const groups = valueAt(data, ['tenants']);
  if (!Array.isArray(groups)) return 'there are no tenants to multiply';
  for (const group of groups) {
    if (typeof group?.count !== 'number' || group.count < 1) continue;
    group.count = Math.max(1, Math.round(group.count * scale));
  }
  return null;
}

/** A part that the file leaves out, such as `network`; the checks say whether it may be there. */
function makeRoom(node: unknown, key: string): unknown {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return undefined;
  const room = {};
  (node as Record<string, unknown>)[key] = room;
  return room;
}

/** What can be entered here: names of a list's items, or keys. */
function namesIn(node: unknown): readonly string[] {
  if (!Array.isArray(node)) return Object.keys((node as object | null) ?? {});
  return node.flatMap((item) => (typeof item?.name === 'string' ? [item.name] : []));
}

function step(node: unknown, key: string): unknown {
  if (Array.isArray(node)) return node[indexOf(node, key)];
  if (typeof node !== 'object' || node === null) return undefined;
  return (node as Record<string, unknown>)[key];
}

/** An item of a list by its name, or by its number; -1 when there is none. */
function indexOf(list: readonly unknown[], key: string): number {
  const named = list.findIndex((item) => (item as { name?: unknown } | null)?.name === key);
  if (named !== -1 || !/^\d+$/.test(key)) return named;
  return Number(key) < list.length ? Number(key) : -1;
}
