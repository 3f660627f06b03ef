import { Command } from 'commander';
import { nearestWord } from '../scenario/nearest.ts';
import type { CommandContext, CommandResult } from './command-context.ts';
import { UsageError } from './command-error.ts';
import { addTraceCommands } from './commands/trace-program.ts';
import { EXIT_CODE_HELP } from './exit-codes.ts';
import type { RawOptions } from './read-options.ts';

/**
 * What the command line looks like. Owns names, options and help; it must load no command before
 * one is chosen, so that `--help` answers at once.
 */
export type CommandFunction = (
  context: CommandContext,
  positional: readonly string[],
  options: RawOptions,
) => Promise<CommandResult>;

/** What the user chose; loading and running it is the caller's. */
export interface ChosenCommand {
  readonly load: () => Promise<CommandFunction>;
  readonly positional: readonly string[];
  readonly options: RawOptions;
}

export interface ProgramOptions {
  readonly version: string;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly onChosen: (chosen: ChosenCommand) => void;
}

const TENANT = ['--tenant <name>', 'tenant'] as const;
const SUBTENANT = ['--subtenant <name>', 'subtenant of the tenant'] as const;
const REPOSITORY = ['--repository <name>', 'repository'] as const;
const POINT = ['--point <id>', 'restore point (default: the newest)'] as const;
const KIND = ['--kind <kind>', 'agent or server: where the movers run (default: server)'] as const;
const WORLD = ['--world <world>', 'lab: real SDKs over HTTP; memory: virtual clock'] as const;

/** Where `fortnight storage` keeps its state when `--state` is not given. */
const STORAGE_STATE = '.fortnight-storage';

export function createProgram(options: ProgramOptions): Command {
  const program = new Command('fortnight')
    .description('Backup to object storage with expiring credentials, as explicit state machines.')
    .usage('[options] [command]')
    .version(options.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .option('--state <dir>', 'where the lab keeps its state', '.fortnight')
    .option('--json', 'results as JSON, one value a line')
    .option('--ascii', 'only ASCII characters')
    .option(...WORLD)
    .option('--headless', 'without a command: no live view, also on a terminal')
    .option('--plain', 'live view as plain sentences, for screen readers')
    .allowExcessArguments()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: options.write, writeErr: options.writeError })
    .exitOverride()
    .addHelpText(
      'after',
      `\nWithout a command the tour runs; a file alone is opened.\n\n${EXIT_CODE_HELP}`,
    );

  const choose =
    (load: () => Promise<CommandFunction>) =>
    (...parameters: readonly unknown[]): void => {
      const command = parameters.at(-1) as Command;
      const positional = command.args;
      const chosen = command.optsWithGlobals();
      // A lab and a storage for other clients are two things: they never share a folder unasked.
      const isStorage = command.parent?.name() === 'storage';
      const isDefault = program.getOptionValueSource('state') === 'default';
      if (isStorage && isDefault) chosen.state = STORAGE_STATE;
      options.onChosen({ load, positional, options: chosen });
    };
  const names = (): readonly string[] => program.commands.map((command) => command.name());

  program.action((_options: unknown, command: Command) => {
    const [word] = command.args;
    if (word !== undefined && command.args.length === 1 && isFileName(word)) {
      choose(async () => (await import('./commands/open.ts')).open)(command);
      return;
    }
    if (word !== undefined) throw unknownCommand(word, names());
    choose(async () => (await import('./commands/scenario.ts')).tour)(command);
  });
  addScenarioCommands(program, choose);
  addLabCommands(program, choose);
  addStorageCommands(program, choose);
  for (const command of program.commands) command.allowExcessArguments(false);
  addTraceCommands(program, choose);
  return program;
}

/** `npm start -- fleet.yaml`: a file instead of a command is opened. */
function isFileName(word: string): boolean {
  return /\.(ya?ml|ndjson|jsonl)$/i.test(word);
}

type Choose = (load: () => Promise<CommandFunction>) => (...parameters: unknown[]) => void;

function addScenarioCommands(program: Command, choose: Choose): void {
  program
    .command('run <scenario>')
    .description('run a scenario file (YAML)')
    .option('--trace <file>', 'write the event log there, as NDJSON')
    .action(choose(async () => (await import('./commands/scenario.ts')).run));
  addSimulate(program, choose);
  addCheck(program, choose);
  program
    .command('open <file>')
    .description('watch a scenario, a fleet or a recorded trace: pause, step, warp, ask why')
    .action(choose(async () => (await import('./commands/open.ts')).open));
  program
    .command('rules [ids...]')
    .description('list every rule of the protocol, what checks it, and what a log proved of it')
    .option('--trace <file>', 'measure this event log (NDJSON)')
    .action(choose(async () => (await import('./commands/rules.ts')).rules));
  program
    .command('schema')
    .description('print the JSON Schema of the scenario file, or of the fleet file')
    .option('--fleet', 'of the fleet file of "simulate"')
    .action(choose(async () => (await import('./commands/schema.ts')).schema));
  program
    .command('explain [scenario]')
    .description('say which route the data takes, how its credential lives, and why')
    .option('--repository <name>', 'of a scenario: only this repository')
    .option('--job <name>', 'of a scenario: only this job')
    .option('--storage <kind>', 'aws, gcs, azure or s3-compatible')
    .option('--mode <mode>', 'gateway or direct')
    .option('--access <option>', 'share, backup-server, iam-sts or unset (S3-compatible only)')
    .option(...KIND)
    .option('--http-proxy', 'the job must use an HTTP proxy')
    .option('--strict-gateway', 'refuse an option that beats the mode gateway')
    .option('--no-gateway-server', 'no gateway server is configured')
    .option('--no-mount-server', 'no mount server is configured')
    .option('--tenant-config-backup', "the tenant's configuration is backed up")
    .option('--immutability', 'the repository has immutability')
    .option('--entra-id', 'the Azure repository was added with Entra ID')
    .option('--sas-validity <duration>', 'SAS links live this long (default: 30d)')
    .option('--sas-threshold <duration>', 'and are reissued below this (default: 15d)')
    .option(
      '--issuer <kind>',
      'how the storage gives out credentials, like iam-user or assume-role',
    )
    .option('--stored-access-policy', 'Azure: SAS links hang on a stored access policy')
    .option('--flat-namespace', 'Azure: the account has no hierarchical namespace')
    .option('--shared-container', 'Azure: all tenants in one container (default: if not flat)')
    .option('--longest-session <duration>', 'the longest credential that the storage issues')
    .option('--adapt-threshold', 'lower a threshold that is above the lifetime')
    .option('--in-session <policy>', 'reconnect, proactive or strict (default: reconnect)')
    .action(choose(async () => (await import('./commands/explain.ts')).explain));
}

/** An option that may be given several times; the values come joined by line ends. */
function gathered(value: string, before: string | undefined): string {
  return before === undefined ? value : `${before}\n${value}`;
}

function addSimulate(program: Command, choose: Choose): void {
  program
    .command('simulate [fleet]')
    .description('run a fleet of tenants for months under a simulated clock')
    .option('--seed <seed>', 'a number or any text, such as a commit hash')
    .option('--days <n>', 'so many days instead of those of the file')
    .option('--tenants-scale <factor>', 'so many times the tenants of each group')
    .option('--set <path=value>', 'change the file, like repositories.vault.mode=direct', gathered)
    .option('--compare <fleet>', 'run this file as well and show the differences')
    .option('--compare-set <path=value>', 'the second run is the first with this changed', gathered)
    .option('--html <file>', 'write the report as one page with charts')
    .option('--log <file>', 'write the event log there, as NDJSON')
    .option('--no-hash', 'do not hash the event log (faster)')
    .option('--swarm', 'draw the whole fleet from the seed')
    .option('--seeds <from..to>', 'run every seed of a range on all cores')
    .option(
      '--fault-points <n>',
      'one run for every n-th call of each site, with a single fault there',
    )
    .option('--resume <file>', 'of many runs: note what is done there, and go on from it')
    .option('--workers <n>', 'of many runs: so many at once (default: one a core)')
    .option('--plant <bug>', 'break one rule on purpose, to see its checker find it')
    .option('--ui', 'watch it in the terminal UI: pause, step, warp, ask why')
    .action(choose(async () => (await import('./commands/simulate.ts')).simulate));
}

function addCheck(program: Command, choose: Choose): void {
  program
    .command('check')
    .description('look for a way in which the machines break a rule')
    .option('--exhaustive', 'all states of small systems, instead of random ways')
    .option('--time <duration>', 'stop after this time (default: 1m)')
    .option('--seed <seed>', 'of the random ways (default: 1)')
    .option('--runs <n>', 'so many random ways in each system')
    .option('--system <names>', 'only these systems, like aws-direct,strict')
    .option('--scopes <n>', 'credential scopes: 1 to 3')
    .option('--sessions <n>', 'concurrent sessions of each scope: 1 to 3')
    .option('--faults <n>', 'crashes, losses, repetitions and the like in one way: 0 to 15')
    .option('--depth <n>', 'only states that so many steps lead to')
    .option('--memory <size>', 'for the states that were seen, like 2GiB (default: 1 GB)')
    .option('--only <rules>', 'only these rules, like C2,M8')
    .option('--junit <file>', 'write the result there for a build server')
    .action(choose(async () => (await import('./commands/check.ts')).check));
}

function addLabCommands(program: Command, choose: Choose): void {
  const lab = () => import('./commands/lab.ts');
  program
    .command('backup <folder>')
    .description('back up a folder')
    .option(...TENANT)
    .option(...SUBTENANT)
    .option(...REPOSITORY)
    .option('--backup <name>', "name of the backup (default: the folder's)")
    .option(...KIND)
    .option('--block-size <size>', '4KiB to 64MiB (default: 1MiB)')
    .action(choose(async () => (await lab()).backup));
  program
    .command('restore <backup> <folder>')
    .description('restore a backup into an empty folder')
    .option(...TENANT)
    .option(...SUBTENANT)
    .option(...REPOSITORY)
    .option(...POINT)
    .option(...KIND)
    .option('--force', 'also into a folder that is not empty')
    .action(choose(async () => (await lab()).restore));
  program
    .command('list')
    .description('list restore points')
    .option(...TENANT)
    .option(...SUBTENANT)
    .option(...REPOSITORY)
    .option('--backup <name>', 'only this backup')
    .action(choose(async () => (await lab()).list));
  program
    .command('verify <backup>')
    .description(
      'read a restore point and check every block; or, for a file that ends in .yaml, ask the ' +
        'storage that it describes whether it can carry direct mode',
    )
    .option(...TENANT)
    .option(...SUBTENANT)
    .option(...REPOSITORY)
    .option(...POINT)
    .option(...KIND)
    .option('--junit <file>', 'of a storage: write the points there, as JUnit XML')
    .action(choose(async () => (await lab()).verify));
  program
    .command('delete <backup>')
    .description('delete one restore point')
    .option(...TENANT)
    .option(...SUBTENANT)
    .option(...REPOSITORY)
    .option('--point <id>', 'restore point, as "list" shows it')
    .option(...KIND)
    .action(choose(async () => (await lab()).deletePoint));
  program
    .command('credentials')
    .description('list credential generations: issued, expires, left, renewal line')
    .option(...TENANT)
    .option(...REPOSITORY)
    .action(choose(async () => (await lab()).credentials));
  program
    .command('audit')
    .description('list every credential that works now, why, and until when')
    .option(...TENANT)
    .option(...REPOSITORY)
    .action(choose(async () => (await lab()).audit));
  program
    .command('warp <duration>')
    // `-1h` is no option: the command says what can be done instead.
    .allowUnknownOption()
    .description("move the lab's clock ahead, like 13d1h")
    .action(choose(async () => (await lab()).warp));
}

const PORT = ['--port <port>', 'check that the running storage listens there'] as const;

function addStorageCommands(program: Command, choose: Choose): void {
  const storage = program
    .command('storage')
    .description('serve object storage to any client, on a clock that can be moved')
    .helpCommand(false)
    .addHelpText(
      'after',
      '\n"fortnight storage" alone serves; see "fortnight storage serve --help" for its options.' +
        `\nIts state is in ${STORAGE_STATE} unless --state says otherwise.`,
    );
  storage
    .command('serve', { isDefault: true })
    .description('serve until stopped (the default)')
    .option('--kind <kind>', 's3, azure, gcs or all (default: s3)')
    .option('--profile <vendor>', 'answer as aws, minio or ceph does (default: aws)')
    .option('--port <port>', 'port of the first kind; 0: any (default: 9000 for s3)')
    .option('--host <address>', 'listen there (default: 127.0.0.1)')
    .option('--bucket <name>', 'make this bucket')
    .option('--memory', 'keep objects in memory only')
    .option('--tls', 'serve HTTPS with a self-signed certificate')
    .option('--skew-tolerance <duration>', "how far a client's clock may be off (default: 15m)")
    .option('--explain-auth', 'say of every request why it was allowed or denied')
    .action((_options: unknown, command: Command) => {
      const [word] = command.args;
      // Commander would call it a word too many for `serve`, which nobody has written.
      if (word !== undefined) throw unknownStorageCommand(word, storage);
      choose(async () => (await import('./commands/storage-serve.ts')).serve)(command);
    });
  storage
    .command('clock [what] [rate]')
    .description('show or move its clock: +15m, -1d, an instant, now, rate 60x, pause, resume')
    .option(...PORT)
    .allowUnknownOption()
    .action(choose(async () => (await import('./commands/storage-clock.ts')).clock));
  storage
    .command('faults [action] [kind]')
    .description('add, list or clear faults: error, throttle, delay, cut, lose-reply, …')
    .option('--operation <name>', 'only this operation, like PutObject')
    .option('--prefix <prefix>', 'only keys that begin so')
    .option('--nth <n>', 'from the nth matching call on (default: 1)')
    .option('--repeat <n>', 'for so many calls, or always (default: 1)')
    .option('--code <code>', 'error: its code (default: SlowDown)')
    .option('--status <status>', 'error: its HTTP status (default: 503)')
    .option('--message <text>', 'error: its text')
    .option('--retry-after <seconds>', 'error: a Retry-After header')
    .option('--by <duration>', 'delay, key-propagation, clock-skew: how long')
    .option(...PORT)
    .action(choose(async () => (await import('./commands/storage-faults.ts')).faults));
  storage
    .command('keys')
    .description('issue a temporary credential and print it for a shell')
    .option('--bucket <name>', 'bucket (default: the one that serve made)')
    .option('--prefix <prefix>', 'only below this prefix (default: the whole bucket)')
    .option('--duration <duration>', 'how long it lives (default: 1h)')
    .option('--kind <kind>', 's3, azure or gcs (default: s3)')
    .option(...PORT)
    .action(choose(async () => (await import('./commands/storage-keys.ts')).keys));
  storage
    .command('auth')
    .description('say why the latest requests were allowed or denied')
    .option('--last <n>', 'how many requests (default: 20)')
    .option(...PORT)
    .action(choose(async () => (await import('./commands/storage-auth.ts')).auth));
  for (const command of storage.commands) {
    command
      .allowExcessArguments(command.name() === 'serve')
      .configureHelp({ showGlobalOptions: true });
  }
}

function unknownStorageCommand(word: string, storage: Command): UsageError {
  const names = storage.commands.map((command) => command.name());
  // The lab has `warp`; here the same is done by `clock`.
  if (word !== 'warp') return unknownCommand(word, names, 'storage ');
  return new UsageError('"storage warp" is not a command. Write: fortnight storage clock +1h.');
}

function unknownCommand(word: string, names: readonly string[], before = ''): UsageError {
  const nearest = nearestWord(word, names);
  const suggestion = nearest === null ? '' : ` Did you mean "${before}${nearest}"?`;
  return new UsageError(
    `"${before}${word}" is not a command.${suggestion} Commands: ${names.join(', ')}.`,
  );
}
