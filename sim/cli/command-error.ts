import { EXIT, type ExitCode } from './exit-codes.ts';

/**
 * Ends a command with sentences for the user: what is wrong and what to do. Printed as it is, so it
 * must be free of secrets. Several lines are several problems, all of one kind.
 */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  readonly exitCode: ExitCode;
  readonly lines: readonly string[];

  constructor(exitCode: ExitCode, lines: readonly string[]) {
    super(lines.join('\n'));
    this.exitCode = exitCode;
    this.lines = lines;
  }
}

/** Wrong command line: exit 2. `text` says what is wrong and what to write instead. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';

  constructor(text: string) {
    super(EXIT.usage, [text]);
  }
}
