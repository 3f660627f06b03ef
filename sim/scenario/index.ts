import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { buildScenario } from './build.ts';
import { formatPath, readDocument, type ScenarioDocument, valueAt } from './document.ts';
import { checkIssuers } from './issuers.ts';
import { checkReferences, type ReferenceWorld } from './references.ts';
import { checkServers } from './routes.ts';
import { checkShape, type Finding } from './shape.ts';
import type { Scenario } from './types.ts';

export { routeSettingsOf } from './routes.ts';
export { scheduledRuns } from './schedule.ts';
export { scenarioJsonSchema } from './schema.ts';
export type * from './types.ts';

/** One thing that is wrong in a scenario file, and what to do about it. */
export interface ScenarioProblem {
  /** As the user wrote it. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `jobs[0].source.folder`; empty for the file as a whole. */
  readonly path: string;
  readonly text: string;
  /** The line of the file. */
  readonly excerpt: string;
}

export type ScenarioResult =
  /** `text` is the file's own, for who records what was run. */
  | { readonly ok: true; readonly scenario: Scenario; readonly text: string }
  | { readonly ok: false; readonly problems: readonly ScenarioProblem[] };

/** Reads and checks a scenario file; a relative path counts from the working directory given. */
export function loadScenario(file: string, workingDirectory: string): ScenarioResult {
  const path = resolve(workingDirectory, file);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const what =
      code === 'ENOENT'
        ? 'there is no such file: check the path'
        : `the file cannot be read (${code}): it must be a readable text file`;
    return failed([{ file, line: 1, column: 1, path: '', text: what, excerpt: '' }]);
  }
  const baseFolder = dirname(path);
  return parseScenario(text, {
    file,
    baseFolder,
    isFolder: (folder) =>
      statSync(resolve(baseFolder, folder), { throwIfNoEntry: false })?.isDirectory() === true,
  });
}

export interface ParseOptions extends ReferenceWorld {
  readonly file: string;
  /** Absolute. */
  readonly baseFolder: string;
}

/** Checks the text of a scenario file. All problems are reported, in the order of the file. */
export function parseScenario(text: string, options: ParseOptions): ScenarioResult {
  const read = readDocument(text);
  if (!read.ok) {
    const lines = text.split(/\r?\n/);
    return failed(
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
  if (isFleet(document.data)) {
    const text = `this is a fleet, not a scenario: fortnight simulate ${options.file}`;
    return failed(toProblems([{ path: [], isAboutKey: false, text }], document, options));
  }
  const shape = checkShape(document.data);
  const references = checkReferences(document.data, options);
  const findings = [...(shape.ok ? [] : shape.findings), ...references];
  if (!shape.ok || findings.length > 0) return failed(toProblems(findings, document, options));

  const fallbackTitle = basename(options.file).replace(/\.ya?ml$/i, '');
  const scenario = buildScenario(shape.file, {
    document,
    fallbackTitle,
    baseFolder: options.baseFolder,
  });
  const impossible = [...checkServers(scenario), ...checkIssuers(scenario)];
  if (impossible.length > 0) return failed(toProblems(impossible, document, options));
  return { ok: true, scenario, text };
}

/** Scenarios and fleets lie side by side; each has keys that the other lacks. */
function isFleet(data: unknown): boolean {
  return valueAt(data, ['days']) !== undefined && valueAt(data, ['steps']) === undefined;
}

function failed(problems: readonly ScenarioProblem[]): ScenarioResult {
  return { ok: false, problems };
}

function toProblems(
  findings: readonly Finding[],
  document: ScenarioDocument,
  options: ParseOptions,
): readonly ScenarioProblem[] {
  return findings
    .map(({ path, isAboutKey, text }) => {
      const place = isAboutKey ? document.placeOfKey(path) : document.placeOf(path);
      return {
        file: options.file,
        ...place,
        path: formatPath(path),
        text,
        excerpt: document.lineText(place.line),
      };
    })
    .sort((left, right) => left.line - right.line || left.column - right.column);
}

/** `tour.yaml:12:11: repositories[0].mode: …`, then the line of the file with a mark below it. */
export function formatProblem(problem: ScenarioProblem): readonly string[] {
  const { file, line, column, path, text, excerpt } = problem;
  const head = `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${text}`;
  if (excerpt.trim() === '') return [head];
  const gutter = `${line} | `;
  const mark = ' '.repeat(gutter.length + column - 1);
  return [head, `  ${gutter}${excerpt}`, `  ${mark}^`];
}
