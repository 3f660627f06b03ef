import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CommanderError } from 'commander';
import type { CommandContext } from './command-context.ts';
import { CommandError } from './command-error.ts';
import { EXIT, type ExitCode, exitCodeOfError } from './exit-codes.ts';
import { attachProcess } from './process.ts';
import { type ChosenCommand, createProgram } from './program.ts';

/** What `main` needs from the process around it; tests give captured streams. */
export interface MainSurroundings {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly signal: AbortSignal;
  readonly isInputTerminal: boolean;
  readonly isOutputTerminal: boolean;
}

/**
 * Runs one command line (without the names of the runtime and the script) and returns its exit
 * code. Never throws: whatever ends a command is told in a sentence on stderr.
 */
export async function main(
  commandLine: readonly string[],
  surroundings: MainSurroundings,
): Promise<ExitCode> {
  try {
    const chosen = parseCommandLine(commandLine, surroundings);
    if (chosen === null) return EXIT.ok;
    const command = await chosen.load();
    const code = await command(contextFor(chosen, surroundings), chosen.positional, chosen.options);
    return surroundings.signal.aborted ? signalExit(surroundings.signal, code) : code;
  } catch (thrown) {
    const code = tellError(thrown, surroundings);
    return surroundings.signal.aborted ? signalExit(surroundings.signal, code) : code;
  }
}

/** Null when help or the version was asked for and has been printed. */
function parseCommandLine(
  commandLine: readonly string[],
  surroundings: MainSurroundings,
): ChosenCommand | null {
  let chosen: ChosenCommand | null = null;
  const program = createProgram({
    version: packageVersion(),
    write: surroundings.stdout,
    // Commander's own words are told by `tellError`, once and with what to do.
    writeError: () => {},
    onChosen: (command) => {
      chosen = command;
    },
  });
  try {
    program.parse([...commandLine], { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return null;
    throw thrown;
  }
  return chosen;
}

function packageVersion(): string {
  const path = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}

function contextFor(chosen: ChosenCommand, surroundings: MainSurroundings): CommandContext {
  const { environment, workingDirectory, isOutputTerminal } = surroundings;
  const noColor = (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb';
  return {
    stdout: (line) => surroundings.stdout(`${line}\n`),
    stderr: (line) => surroundings.stderr(`${line}\n`),
    json: chosen.options.json === true,
    ascii: chosen.options.ascii === true,
    stateDirectory: resolve(workingDirectory, String(chosen.options.state)),
    workingDirectory,
    color: isOutputTerminal && !noColor,
    signal: surroundings.signal,
    isTerminal: isOutputTerminal && surroundings.isInputTerminal,
  };
}

/** A command that a signal stopped ends as shells expect it, whatever it returned. */
function signalExit(signal: AbortSignal, code: ExitCode): ExitCode {
  if (signal.reason === 'SIGTERM') return EXIT.terminated;
  return signal.reason === 'SIGINT' ? EXIT.interrupted : code;
}

function tellError(thrown: unknown, surroundings: MainSurroundings): ExitCode {
  const tell = (text: string): void => surroundings.stderr(`${text}\n`);
  if (thrown instanceof CommanderError) {
    tell(`fortnight: ${thrown.message.replace(/^error: /, '')}`);
    tell('See "fortnight --help", or --help after a command.');
    return EXIT.usage;
  }
  if (thrown instanceof CommandError) {
    const [first = '', ...more] = thrown.lines;
    tell(thrown.exitCode === EXIT.usage ? `fortnight: ${first}` : first);
    for (const line of more) tell(line);
    return thrown.exitCode;
  }
  const isDebugging = (surroundings.environment.FORTNIGHT_DEBUG ?? '') !== '';
  if (isDebugging && thrown instanceof Error) tell(thrown.stack ?? thrown.message);
  const { text, code } = describeError(thrown);
  tell(`fortnight: ${text}`);
  return code;
}

const ENVIRONMENT_ERRNO = [
  'ENOSPC',
  'EACCES',
  'EPERM',
  'EROFS',
  'EDQUOT',
  'EMFILE',
  'EADDRINUSE',
  'ECONNREFUSED',
  'ERR_MODULE_NOT_FOUND',
];

/** One sentence and an exit code for what no command expected; stacks are for FORTNIGHT_DEBUG. */
function describeError(thrown: unknown): { readonly text: string; readonly code: ExitCode } {
  if (!(thrown instanceof Error)) {
    return { text: `something unexpected was thrown: ${String(thrown)}`, code: EXIT.failed };
  }
  const [message = ''] = thrown.message.split('\n');
  if (thrown.name === 'FortnightError' && 'code' in thrown) {
    // Told by shape: importing the class here would load the catalogue for every --help.
    const errorCode = thrown.code as Parameters<typeof exitCodeOfError>[0];
    return { text: `${message} (${errorCode})`, code: exitCodeOfError(errorCode) };
  }
  if (thrown.name === 'StateFolderError' && 'problem' in thrown) {
    // Told by shape too. What --state names wrongly is the command line's fault.
    const code = thrown.problem === 'foreign' ? EXIT.usage : EXIT.environment;
    return { text: message, code };
  }
  const systemCode = (thrown as NodeJS.ErrnoException).code ?? '';
  if (ENVIRONMENT_ERRNO.includes(systemCode)) {
    const remedy =
      systemCode === 'ERR_MODULE_NOT_FOUND' ? ' The installation is incomplete: run "npm ci".' : '';
    return { text: `${message}.${remedy}`, code: EXIT.environment };
  }
  return {
    text: `an unexpected error ended the command: ${message} (FORTNIGHT_DEBUG=1 shows where).`,
    code: EXIT.failed,
  };
}

/** Runs the command line of this process and sets its exit code. */
export async function runProcess(): Promise<void> {
  const attached = attachProcess(process);
  const code = await main(process.argv.slice(2), attached.surroundings);
  attached.finish(code);
}
