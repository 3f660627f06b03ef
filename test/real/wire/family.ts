import type { RealReport } from '../report.ts';
import {
  type Answer,
  type Deviation,
  expectedOf,
  problemOfOurs,
  problemOfServer,
  tableProblems,
  type WireCheck,
} from './check.ts';

/** A family of storage: its checks, ours in all variants, and the real server if it is there. */
export interface WireFamily<Target, Variant extends string> {
  readonly name: string;
  readonly checks: readonly WireCheck<Target, Variant>[];
  readonly deviations: readonly Deviation[];
  readonly ours: Readonly<Record<Variant, Target>>;
  /** The variant of ours that the real server is compared with. */
  readonly comparedVariant: Variant;
  readonly serverName: string;
  readonly server: Target | undefined;
}

/** What every server answered to one check. */
export interface WireRow {
  readonly id: string;
  readonly title: string;
  readonly documented: Answer;
  readonly ours: Readonly<Record<string, Answer>>;
  readonly whyOurs: string | undefined;
  /** Undefined when the server is not there or was not asked. */
  readonly server: Answer | undefined;
  readonly notAsked: string | undefined;
  readonly deviation: Deviation | undefined;
}

/** How often one server answered as stated. */
export interface WireCount {
  readonly server: string;
  asStated: number;
  otherwise: number;
  /** Of those as stated: explained differences from ours. */
  deviations: number;
  notAsked: number;
}

export interface WireResult {
  readonly rows: readonly WireRow[];
  readonly counts: readonly WireCount[];
}

/** Puts every check to every server, one after the other: some of them move the clock. */
export async function runFamily<Target, Variant extends string>(
  family: WireFamily<Target, Variant>,
  report: RealReport,
): Promise<WireResult> {
  await report.check(`${family.name}: checks and deviations fit together`, async () => {
    const problems = tableProblems(family.checks, family.deviations);
    if (problems.length > 0) throw new Error(problems.join('\n'));
  });
  const variants = Object.keys(family.ours) as Variant[];
  const counts = new Map<string, WireCount>();
  const countOf = (server: string): WireCount => {
    const known = counts.get(server);
    if (known !== undefined) return known;
    const fresh = { server, asStated: 0, otherwise: 0, deviations: 0, notAsked: 0 };
    counts.set(server, fresh);
    return fresh;
  };
  const rows: WireRow[] = [];
  for (const check of family.checks) {
    const row = await ask(family, variants, check);
    rows.push(row);
    await report.check(`${family.name} ${check.id}`, async () => {
      const problems = [
        ...variants.map((variant) =>
          oursProblem(row, check, variant, countOf(`ours (${variant})`)),
        ),
        serverProblem(row, expectedOf(check, family.comparedVariant), countOf(family.serverName)),
      ].filter((problem) => problem !== null);
      if (problems.length > 0) throw new Error([check.title, ...problems].join('\n'));
    });
  }
  return { rows, counts: [...counts.values()] };
}

async function ask<Target, Variant extends string>(
  family: WireFamily<Target, Variant>,
  variants: readonly Variant[],
  check: WireCheck<Target, Variant>,
): Promise<WireRow> {
  const ours: Record<string, Answer> = {};
  for (const variant of variants) ours[variant] = await answerFrom(check, family.ours[variant]);
  const notAsked = check.notAsked?.[family.serverName];
  const isAsked = family.server !== undefined && notAsked === undefined;
  return {
    id: check.id,
    title: check.title,
    documented: check.documented,
    ours,
    whyOurs: check.whyOurs,
    server: isAsked ? await answerFrom(check, family.server as Target) : undefined,
    notAsked,
    deviation: family.deviations.find((deviation) => deviation.check === check.id),
  };
}

/** A check that throws has found a server that does not answer at all: an answer like no other. */
async function answerFrom<Target, Variant extends string>(
  check: WireCheck<Target, Variant>,
  target: Target,
): Promise<Answer> {
  try {
    return await check.run(target);
  } catch (error) {
    return `no answer: ${(error as Error).message}`;
  }
}

function oursProblem<Target, Variant extends string>(
  row: WireRow,
  check: WireCheck<Target, Variant>,
  variant: Variant,
  count: WireCount,
): string | null {
  const problem = problemOfOurs(expectedOf(check, variant), row.ours[variant] ?? '');
  count[problem === null ? 'asStated' : 'otherwise'] += 1;
  return problem === null ? null : `${count.server} ${problem}`;
}

function serverProblem(row: WireRow, expected: Answer, count: WireCount): string | null {
  if (row.server === undefined) {
    count.notAsked += 1;
    return null;
  }
  const problem = problemOfServer(expected, row.server, row.deviation);
  count[problem === null ? 'asStated' : 'otherwise'] += 1;
  if (problem === null && row.deviation !== undefined) count.deviations += 1;
  return problem === null ? null : `${count.server} ${problem}`;
}

/** `ours (aws): 180 as stated`, for the end of a suite. */
export function countLines({ counts }: WireResult): readonly string[] {
  return counts.map(({ server, asStated, otherwise, deviations, notAsked }) => {
    const words = [`${asStated} answers as stated`];
    if (deviations > 0) words.push(`${deviations} of them explained deviations`);
    words.push(`${otherwise} not`);
    if (notAsked > 0) words.push(`${notAsked} not asked`);
    return `${server}: ${words.join(', ')}`;
  });
}
