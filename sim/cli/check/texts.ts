import type { Bounds, Checker, MachineCoverage, SystemReport } from '../../explore/index.ts';
import { formatTable } from '../table.ts';

const NUMBER = new Intl.NumberFormat('en-US');

export function boundsText({ scopes, sessions, faults }: Bounds): string {
  const plural = (count: number, word: string): string =>
    `${count} ${word}${count === 1 ? '' : 's'}`;
  return [plural(scopes, 'scope'), plural(sessions, 'session'), plural(faults, 'fault')].join(', ');
}

/** One system in one line, with its bounds. */
export function systemLine(report: SystemReport): string {
  const { system, bounds, states, transitions, depth, bytes, tookMs, liveness } = report;
  const head = `${system} (${boundsText(bounds)}): ${report.end}`;
  const took = `${(tookMs / 1_000).toFixed(1)} s`;
  if (states === 0) return `${head}, ${NUMBER.format(transitions)} steps, ${took}`;
  const counted =
    `${NUMBER.format(states)} states, ${NUMBER.format(transitions)} transitions, depth ${depth}, ` +
    `${took}, ${NUMBER.format(Math.round((states * 1_000) / tookMs))} states/s, ` +
    `${(bytes / 1_000_000).toFixed(1)} MB`;
  const ends = liveness !== null && liveness.stuck === null ? ', every session ends' : '';
  return `${head}, ${counted}${ends}`;
}

/** A counterexample: what happened, only what changed, and what the guards looked at. */
export function storyLines({ story, broken }: SystemReport): readonly string[] {
  const lines = broken.map(({ ids, sentence }) => `  VIOLATED ${ids}: ${sentence}`);
  for (const [at, step] of story.entries()) {
    lines.push(`  ${String(at + 1).padStart(3)}. ${step.title}`);
    for (const change of step.changes) lines.push(`         ${change}`);
    for (const request of step.requests) lines.push(`         asks ${request}`);
    for (const guard of step.guards) lines.push(`         guard ${guard}`);
    for (const one of step.broken) lines.push(`         BREAKS ${one}`);
  }
  return lines;
}

/** Rules that no step has put to the test; with `only`, of those. */
export function neverExercised(checker: Checker, only: readonly string[]): readonly string[] {
  return checker
    .exercised()
    .filter(({ id, steps }) => steps === 0 && isMeant(id, only))
    .map(({ id, sentence }) => `${id} (${sentence})`);
}

function isMeant(id: string, only: readonly string[]): boolean {
  return only.length === 0 || id.split(', ').some((one) => only.includes(one));
}

function neverLines({ statesNever, transitionsNever }: MachineCoverage): readonly string[] {
  return [
    ...statesNever.map((state) => `  never in ${state}`),
    ...transitionsNever.map((transition) => `  never taken: ${transition}`),
  ];
}

/** `isEverySystem`: only then it says something that a transition was never taken. */
export function coverageLines(
  checker: Checker,
  only: readonly string[],
  isEverySystem: boolean,
): readonly string[] {
  const rows = checker
    .exercised()
    .filter(({ id }) => isMeant(id, only))
    .map(({ id, sentence, steps }) => [id, sentence, steps === 0 ? 'never' : NUMBER.format(steps)]);
  const table = formatTable(
    [{ title: 'rule' }, { title: 'put to the test' }, { title: 'steps', align: 'right' }],
    rows,
    { ascii: true },
  );
  const machines = checker
    .coverage()
    .flatMap((one) => [
      `${one.machine}: ${one.states - one.statesNever.length} of ${one.states} states, ` +
        `${one.transitions - one.transitionsNever.length} of ${one.transitions} transitions taken`,
      ...(isEverySystem ? neverLines(one) : []),
    ]);
  return ['', ...table, '', ...machines];
}
