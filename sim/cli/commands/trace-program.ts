import type { Command } from 'commander';
import { nearestWord } from '../../scenario/nearest.ts';
import { UsageError } from '../command-error.ts';
import type { CommandFunction } from '../program.ts';

type Choose = (load: () => Promise<CommandFunction>) => (...parameters: unknown[]) => void;

const SESSION = ['--session <id>', 'only this session, like s3'] as const;
const SCOPE = ['--scope <scope>', 'only this tenant and repository, like acme/vault'] as const;
const FROM = ['--from <seq>', 'from this event on'] as const;
const TO = ['--to <seq>', 'up to this event'] as const;

/** What the commands on recorded runs look like: `replay`, `trace …`, `why`, `conform`. */
export function addTraceCommands(program: Command, choose: Choose): void {
  program
    .command('replay <trace|token>')
    .allowExcessArguments(false)
    .description('run a recorded run again; stops at the first difference')
    .option('--to <seq>', 'stop after this event')
    .option('--trace <file>', 'write the log of the replay there, as NDJSON')
    .option('--force', 'also a token that another build has made')
    .action(choose(async () => (await import('./replay.ts')).replayCommand));
  program
    .command('why <trace>')
    .allowExcessArguments(false)
    .description('say what went wrong, or why a credential was renewed or kept')
    .option(...SESSION)
    .option('--at <seq>', 'only this event')
    .action(choose(async () => (await import('./trace-why.ts')).why));
  program
    .command('conform <trace>')
    .allowExcessArguments(false)
    .description('say whether every step of a recorded run is one that the machines allow')
    .action(choose(async () => (await import('./conform.ts')).conformCommand));
  addTrace(program, choose);
}

function addTrace(program: Command, choose: Choose): void {
  const trace = program
    .command('trace')
    .description('compare, draw and export recorded runs')
    .helpCommand(false)
    .allowExcessArguments();
  trace.action((_options: unknown, command: Command) => {
    const names = trace.commands.map((one) => one.name());
    const [word] = command.args;
    if (word === undefined) {
      throw new UsageError(`What about the trace? Commands: trace ${names.join(', trace ')}.`);
    }
    const nearest = nearestWord(word, names);
    const suggestion = nearest === null ? '' : ` Did you mean "trace ${nearest}"?`;
    throw new UsageError(
      `"trace ${word}" is not a command.${suggestion} Commands: ${names.join(', ')}.`,
    );
  });
  trace
    .command('diff <left> <right>')
    .description('show the first difference of two traces, and what differs by session')
    .option('--ignore <fields>', 'leave out fields, like seq,at,build,data.keyId')
    .action(choose(async () => (await import('./trace-diff.ts')).traceDiff));
  trace
    .command('show <trace>')
    .description('draw a trace as swim lanes')
    .option(...SESSION)
    .option(...SCOPE)
    .option(...FROM)
    .option(...TO)
    .option('--width <columns>', 'draw so wide (default: the terminal, or 100)')
    .action(choose(async () => (await import('./trace-show.ts')).traceShow));
  trace
    .command('export <trace>')
    .description('print a trace for another tool')
    .option('--format <format>', 'mermaid, itf (Apalache, Quint) or shiviz')
    .option(...SESSION)
    .option(...SCOPE)
    .option(...FROM)
    .option(...TO)
    .action(choose(async () => (await import('./trace-export.ts')).traceExport));
  trace
    .command('token <trace>')
    .description('print one word that "fortnight replay" turns into the same run')
    .action(choose(async () => (await import('./trace-token.ts')).traceToken));
  for (const command of trace.commands) {
    command.allowExcessArguments(false).configureHelp({ showGlobalOptions: true });
  }
}
