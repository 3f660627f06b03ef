import type { ExitCode } from './exit-codes.ts';
import type {
  BackupOptions,
  CredentialsOptions,
  DeleteOptions,
  ListOptions,
  RestoreOptions,
  RunOptions,
  TourOptions,
  VerifyOptions,
  WarpOptions,
} from './options.ts';

/** Everything that a command may know about the process that it runs in. */
export interface CommandContext {
  /** Results: one line, without its line end. With `json` each line is one JSON value. */
  stdout(line: string): void;
  /** Talk: progress, hints, errors. Never needed to understand the result. */
  stderr(line: string): void;
  readonly json: boolean;
  /** Absolute; `--state`, by default `.fortnight` in the working directory. */
  readonly stateDirectory: string;
  /** Absolute; relative paths of options count from here. */
  readonly workingDirectory: string;
  /** ANSI colours are welcome on stdout: a terminal, and NO_COLOR is not set. */
  readonly color: boolean;
  /** Only ASCII, for screen readers and old terminals (`--ascii`). */
  readonly ascii: boolean;
  /** Aborted at the first Ctrl-C or SIGTERM: stop soon and cleanly (L14: within 10 s). */
  readonly signal: AbortSignal;
  /** stdin and stdout are both a terminal: a live view is possible. */
  readonly isTerminal: boolean;
}

/** The exit code. Expected ends are returned; `CommandError` and `FortnightError` may be thrown. */
export type CommandResult = ExitCode;

export type Command<Options> = (
  context: CommandContext,
  options: Options,
) => Promise<CommandResult>;

/** What `sim/lab/commands.ts` exports: the commands that need a running lab. */
export interface LabCommands {
  readonly tour: Command<TourOptions>;
  readonly run: Command<RunOptions>;
  readonly backup: Command<BackupOptions>;
  readonly restore: Command<RestoreOptions>;
  readonly list: Command<ListOptions>;
  readonly verify: Command<VerifyOptions>;
  readonly delete: Command<DeleteOptions>;
  readonly credentials: Command<CredentialsOptions>;
  readonly audit: Command<CredentialsOptions>;
  readonly warp: Command<WarpOptions>;
}
