import { closeSync, openSync, writeSync } from 'node:fs';
import { createTraceSink, type EventSink } from '../../kernel/index.ts';
import type { Scenario } from '../../scenario/types.ts';
import type { RunSummary, SummarySession, WorldName } from '../../world/run-summary.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { UsageError } from '../command-error.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import type { RunOptions, TourOptions } from '../options.ts';
import { renderReport } from '../report.ts';
import { startLiveRun } from './live.ts';
import { buildName } from './surroundings.ts';

/** Runs a scenario file in one of the worlds and reports. */
export async function run(context: CommandContext, options: RunOptions): Promise<CommandResult> {
  const trace = options.traceFile === null ? null : openTrace(options.traceFile, options);
  try {
    return await runHeadless(context, options, trace === null ? [] : [trace.sink]);
  } finally {
    trace?.close();
  }
}

/** Without a command: the tour, live where there is a terminal, else as a report. */
export async function tour(context: CommandContext, options: TourOptions): Promise<CommandResult> {
  if (!context.isTerminal || options.headless || context.json) {
    return runHeadless(context, options, []);
  }
  const { showLive } = await import('../../tui/index.ts');
  const live = await startLiveRun(options.scenario, options.world);
  try {
    await showLive(live, { ascii: context.ascii, color: context.color, signal: context.signal });
    live.cancel();
    const summary = await live.finished;
    for (const line of renderReport(summary, context)) context.stdout(line);
    return exitCode(summary);
  } finally {
    await live.close();
  }
}

async function runHeadless(
  context: CommandContext,
  options: { readonly scenario: Scenario; readonly world: WorldName },
  sinks: readonly EventSink[],
): Promise<ExitCode> {
  const { scenario } = options;
  const live = await startLiveRun(scenario, options.world, {
    sinks,
    onSession: (session) => tellSession(context, session),
  });
  const cancel = (): void => live.cancel();
  context.signal.addEventListener('abort', cancel, { once: true });
  try {
    const summary = await live.finished;
    if (context.json) context.stdout(JSON.stringify(summary));
    else for (const line of renderReport(summary, context)) context.stdout(line);
    return exitCode(summary);
  } finally {
    context.signal.removeEventListener('abort', cancel);
    await live.close();
  }
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

function openTrace(file: string, options: RunOptions): { readonly sink: EventSink; close(): void } {
  let handle: number;
  try {
    handle = openSync(file, 'w', 0o600);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UsageError(
      `--trace: ${file} cannot be written (${code}); its folder must exist and be yours.`,
    );
  }
  const header = {
    seed: String(options.scenario.seed),
    build: buildName(),
    options: { scenario: options.scenario.title, world: options.world },
  };
  return {
    sink: createTraceSink(header, (text) => writeSync(handle, text)),
    close: () => closeSync(handle),
  };
}
