import { closeSync, openSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { conform, deviationWords } from '../../conform/index.ts';
import {
  createTraceHasher,
  createTraceSink,
  type EventSink,
  type TraceHeader,
} from '../../kernel/index.ts';
import type { Scenario } from '../../scenario/types.ts';
import { type Recipe, scenarioHeader } from '../../trace/recipe.ts';
import { encodeToken, type ReplayToken } from '../../trace/token.ts';
import type { RunSummary, SummarySession, WorldName } from '../../world/run-summary.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { UsageError } from '../command-error.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { RunOptions, TourOptions } from '../options.ts';
import { type ReportOptions, renderReport } from '../report.ts';
import { beat, startLiveRun, summaryOfWatched } from './live.ts';
import { buildName } from './surroundings.ts';

/** Runs a scenario file in one of the worlds and reports. */
export async function run(context: CommandContext, options: RunOptions): Promise<CommandResult> {
  const header = headerOf(context, options);
  const trace = options.traceFile === null ? null : openTrace(options.traceFile, header);
  const outcome = createTraceHasher(header);
  let events = 0;
  const sinks: EventSink[] = [
    (event) => {
      events += 1;
      outcome.add(event);
    },
  ];
  if (trace !== null) sinks.push(trace.sink);
  try {
    const code = await runHeadless(context, options, sinks);
    if (code === EXIT.failed && options.world === 'memory') {
      tellReplay(context, { recipe: header, outcome: { events, hash: outcome.digest() } });
    }
    return code;
  } finally {
    trace?.close();
  }
}

/** A failed run can be looked at again, by anybody: its token holds all that decides it. */
function tellReplay(context: CommandContext, token: ReplayToken): void {
  context.stderr(`Run it again: fortnight replay ${encodeToken(token)}`);
}

function headerOf({ workingDirectory }: CommandContext, options: RunOptions): Recipe {
  const { scenario, text, file, world } = options;
  const baseFolder = dirname(resolve(workingDirectory, file));
  return scenarioHeader({ scenario, text, world, build: buildName(), baseFolder });
}

/** Without a command: the tour, live where there is a terminal, else as a report. */
export async function tour(context: CommandContext, options: TourOptions): Promise<CommandResult> {
  if (!context.isTerminal || options.headless || context.json) {
    return runHeadless(context, options, []);
  }
  const { showLive } = await import('../../tui/index.ts');
  const shown = Promise.withResolvers<void>();
  const live = startLiveRun(options.scenario, options.world, {
    isWatched: true,
    openAfter: shown.promise,
  });
  try {
    const { ascii, color, signal } = context;
    const { plain } = options;
    await showLive(live, { ascii, color, signal, beat, plain, onShown: shown.resolve });
    live.cancel();
    const summary = summaryOfWatched(live, await live.finished);
    for (const line of renderReport(summary, reportOptions(context))) context.stdout(line);
    return exitCode(summary);
  } finally {
    // Also where the screen could not be shown: what waits for it must not wait for ever.
    shown.resolve();
    await live.close();
  }
}

/** Into a pipe or a file a report is as wide as it is. */
function reportOptions({ color, ascii }: CommandContext): ReportOptions {
  const { columns } = process.stdout;
  return columns > 0 ? { color, ascii, columns } : { color, ascii };
}

async function runHeadless(
  context: CommandContext,
  options: { readonly scenario: Scenario; readonly world: WorldName },
  sinks: readonly EventSink[],
): Promise<ExitCode> {
  const { scenario, world } = options;
  const events: LogEvent[] = [];
  const live = startLiveRun(scenario, world, {
    sinks: world === 'lab' ? [...sinks, (event) => events.push(event)] : sinks,
    onSession: (session) => tellSession(context, session),
  });
  const cancel = (): void => live.cancel();
  context.signal.addEventListener('abort', cancel, { once: true });
  try {
    const summary = withConformance(await live.finished, events);
    if (context.json) context.stdout(JSON.stringify(summary));
    else for (const line of renderReport(summary, reportOptions(context))) context.stdout(line);
    return exitCode(summary);
  } finally {
    context.signal.removeEventListener('abort', cancel);
    await live.close();
  }
}

/** What really happened in the lab must be what the machines allow, step by step. */
function withConformance(summary: RunSummary, events: readonly LogEvent[]): RunSummary {
  if (events.length === 0) return summary;
  const { deviations } = conform(() => events, { dialect: 'roles' });
  if (deviations.length === 0) return summary;
  const broken = deviations.map((deviation) => ({
    invariant: 'conform',
    rule: null,
    session: deviation.event.session,
    text: deviationWords(deviation),
  }));
  return { ...summary, ok: false, violations: [...summary.violations, ...broken] };
}

/** A run that somebody stopped has shown nothing wrong, but not everything either. */
function exitCode(summary: RunSummary): ExitCode {
  if (summary.ok) return EXIT.ok;
  return summary.violations.length === 0 ? EXIT.inconclusive : EXIT.failed;
}

function tellSession(context: CommandContext, session: SummarySession): void {
  if (context.json) {
    context.stdout(JSON.stringify({ type: 'session.summary', ...session }));
    return;
  }
  const end = session.code == null ? session.state : `${session.state} (${session.code})`;
  context.stderr(`${session.id}  ${session.operation} ${session.repository}: ${end}`);
}

function openTrace(file: string, header: TraceHeader): { readonly sink: EventSink; close(): void } {
  let handle: number;
  try {
    handle = openSync(file, 'w', 0o600);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UsageError(
      `--trace: ${file} cannot be written (${code}); its folder must exist and be yours.`,
    );
  }
  return {
    sink: createTraceSink(header, (text) => writeSync(handle, text)),
    close: () => closeSync(handle),
  };
}
