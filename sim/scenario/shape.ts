import type { z } from 'zod';
import { type Path, valueAt } from './document.ts';
import { nearestWord, wordRemedy } from './nearest.ts';
import { scenarioJsonSchema, scenarioSchema } from './schema.ts';

/** One thing that is wrong, with what to do about it, at a path of the file. */
export interface Finding {
  readonly path: Path;
  /** The place meant is the key's, not the value's (an unknown key). */
  readonly isAboutKey: boolean;
  readonly text: string;
}

type Issue = z.core.$ZodIssue;
type JsonSchema = {
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
};

/** Turns the schema's issues into sentences for people. */
export function describeIssues(issues: readonly Issue[], data: unknown): readonly Finding[] {
  return issues.flatMap((issue) => describeIssue(issue, [], data));
}

function describeIssue(issue: Issue, base: Path, data: unknown): readonly Finding[] {
  const path = [...base, ...(issue.path as Path)];
  const value = valueAt(data, path);
  const finding = (text: string): readonly Finding[] => [{ path, isAboutKey: false, text }];
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(path, value);
    return issue.keys.map((key) => ({
      path: [...path, key],
      isAboutKey: true,
      text: `the key "${key}" is not known here: ${wordRemedy(key, known)}`,
    }));
  }
  if (issue.code === 'invalid_union') return describeUnion(issue.errors, path, value, data);
  if (isMissing(issue, value)) {
    return finding(`"${String(path.at(-1) ?? 'the scenario')}" is missing: add it`);
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    if (values.length === 1) return finding(`${show(value)} is not possible: write ${values[0]}`);
    return finding(`${show(value)} is not known: ${wordRemedy(String(value), values)}`);
  }
  if (issue.message.startsWith('Invalid input: expected')) {
    const expected = issue.code === 'invalid_type' ? issue.expected : 'another value';
    return finding(`${show(value)} does not fit: write ${EXPECTED[expected] ?? expected}`);
  }
  return finding(issue.message.replace(/^Too (big|small): expected/, 'out of range: give'));
}

const EXPECTED: Readonly<Record<string, string>> = {
  object: 'keys with values below it',
  array: 'a list, each item after "- "',
  string: 'text',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
};

function isMissing(issue: Issue, value: unknown): boolean {
  const isTypeOrValue = issue.code === 'invalid_type' || issue.code === 'invalid_value';
  return isTypeOrValue && (value === undefined || value === null);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
}

/** Speaks about the alternative that the writer most likely meant. */
function describeUnion(
  branches: readonly (readonly Issue[])[],
  path: Path,
  value: unknown,
  data: unknown,
): readonly Finding[] {
  const finding = (text: string): readonly Finding[] => [{ path, isAboutKey: false, text }];
  if (value === undefined || value === null) {
    return finding(`"${String(path.at(-1) ?? 'the scenario')}" is missing: add it`);
  }
  const scored = branches.map((branch) => ({ branch, score: misfit(branch, value) }));
  const best = Math.min(...scored.map(({ score }) => score));
  const candidates = scored.filter(({ score }) => score === best).map(({ branch }) => branch);
  const first = candidates[0] ?? [];
  if (best >= WRONG_KIND) {
    const told = branches.flat().find(({ message }) => !message.startsWith('Invalid input'));
    if (told !== undefined) return finding(told.message);
    const wanted = branches.flat().map((issue) => {
      const expected = issue.code === 'invalid_type' ? issue.expected : 'another value';
      return EXPECTED[expected] ?? expected;
    });
    return finding(`${show(value)} does not fit: write ${[...new Set(wanted)].join(', or ')}`);
  }
  const missing = candidates.map((branch) => missingKeys(branch, value));
  if (candidates.length > 1 && missing.every((keys) => keys.length > 0)) {
    const choices = missing.flat().join(', ');
    return finding(`it is not clear what this is: give one of ${choices}`);
  }
  return first.flatMap((issue) => describeIssue(issue, path, data));
}

const WRONG_KIND = 100;

function missingKeys(branch: readonly Issue[], value: unknown): readonly string[] {
  return branch
    .filter(({ path }) => path.length === 1 && valueAt(value, path as Path) === undefined)
    .map(({ path }) => String(path[0]));
}

/** How badly a value fits one alternative: unknown and missing keys count, a near-miss less. */
function misfit(branch: readonly Issue[], value: unknown): number {
  if (branch.some(({ code, path }) => code === 'invalid_type' && path.length === 0)) {
    return WRONG_KIND;
  }
  const unknown = branch.flatMap((issue) =>
    issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [],
  );
  const missing = missingKeys(branch, value);
  const isNearMiss = unknown.some((key) => nearestWord(key, missing) !== null);
  return unknown.length + missing.length - (isNearMiss ? 0.5 : 0);
}

let jsonSchema: JsonSchema | null = null;

/** The keys that may stand in the mapping at a path. */
function keysAt(path: Path, value: unknown): readonly string[] {
  jsonSchema ??= scenarioJsonSchema() as JsonSchema;
  let nodes = alternatives(jsonSchema);
  for (const segment of path) {
    const next = nodes.map((node) =>
      typeof segment === 'number' ? node.items : node.properties?.[segment],
    );
    nodes = next.filter((node) => node !== undefined).flatMap(alternatives);
  }
  const withRequired = nodes.filter(({ required }) =>
    (required ?? []).every((key) => valueAt(value, [key]) !== undefined),
  );
  const fitting = withRequired.length > 0 ? withRequired : nodes;
  return [...new Set(fitting.flatMap(({ properties }) => Object.keys(properties ?? {})))];
}

function alternatives(node: JsonSchema): readonly JsonSchema[] {
  return node.anyOf === undefined ? [node] : node.anyOf.flatMap(alternatives);
}

export type ShapeResult =
  | { readonly ok: true; readonly file: z.output<typeof scenarioSchema> }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/** Checks shape, units and values; what several places say together is not looked at here. */
export function checkShape(data: unknown): ShapeResult {
  const result = scenarioSchema.safeParse(data);
  if (result.success) return { ok: true, file: result.data };
  return { ok: false, findings: describeIssues(result.error.issues, data) };
}
