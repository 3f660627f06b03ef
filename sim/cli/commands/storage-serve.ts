import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  createFaultTable,
  EndpointFolder,
  type ExplainedRequest,
  explainRequest,
  FAMILIES,
  FAMILY_KINDS,
  type FamilyKind,
  type FamilyOptions,
  MovableClock,
  PROFILE_NAMES,
  type ProfileName,
  RequestLog,
  type RunningFamily,
  StartError,
  StateError,
  startControl,
} from '../../storage/index.ts';
import type { CommandContext, CommandResult } from '../command-context.ts';
import { CommandError, UsageError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';
import { type RawOptions, readChoice, readDuration, readFlag, readText } from '../read-options.ts';

/** The port of each family when none is given: those that people know from other servers. */
const DEFAULT_PORTS: Readonly<Record<FamilyKind, number>> = { s3: 9000, azure: 10_000, gcs: 4443 };

interface ServeOptions {
  readonly kinds: readonly FamilyKind[];
  readonly profile: ProfileName;
  /** `null`: each family its own default. */
  readonly port: number | null;
  readonly host: string;
  readonly isMemory: boolean;
  readonly hasTls: boolean;
  readonly explainAuth: boolean;
  readonly buckets: readonly string[];
  readonly skewToleranceMs: number | null;
}

/** Serves storage families until a signal comes. Its clock is moved by `fortnight storage clock`. */
export async function serve(
  context: CommandContext,
  _arguments: readonly string[],
  raw: RawOptions,
): Promise<CommandResult> {
  const options = readServeOptions(raw);
  const folder = await orEnvironment(() => new EndpointFolder(context.stateDirectory));
  try {
    await run(context, options, folder);
  } finally {
    folder.close();
  }
  return EXIT.ok;
}

async function run(
  context: CommandContext,
  options: ServeOptions,
  folder: EndpointFolder,
): Promise<void> {
  const realNow = (): number => Date.now();
  const clock = await orEnvironment(
    // In memory nothing is left of an earlier run, so its time is not either.
    () => new MovableClock(realNow, options.isMemory ? undefined : folder.clockState()),
  );
  const requests = new RequestLog();
  const faults = createFaultTable();
  const families: RunningFamily[] = [];
  const tls = options.hasTls ? folder.tls(randomBytes) : undefined;
  try {
    for (const [index, kind] of options.kinds.entries()) {
      const settings: FamilyOptions = {
        clock,
        faults,
        host: options.host,
        port: portOf(options, kind, index),
        state: options.isMemory
          ? { kind: 'memory' }
          : { kind: 'disk', directory: join(folder.path, kind) },
        profile: options.profile,
        buckets: options.buckets,
        ownerSeed: folder.ownerSeed(randomBytes),
        ...(tls === undefined ? {} : { tls: { key: tls.key, cert: tls.cert } }),
        ...(options.skewToleranceMs === null ? {} : { skewToleranceMs: options.skewToleranceMs }),
        wait: (delayMs) => waitReal(delayMs, context.signal),
        onRequest: (record) => {
          const decisions = (family?.decisions() ?? []).filter(
            ({ requestId }) => requestId === record.requestId,
          );
          const entry: ExplainedRequest = { ...record, family: kind, decisions };
          requests.add(entry);
          if (options.explainAuth) tellRequest(context, entry);
        },
        onInternalError: (error, { operation, bucket, key }) => {
          const at = [bucket, key].filter((name) => name !== '').join('/');
          const what = `${kind} ${operation} ${at}`.trim();
          context.stderr(`fortnight: a fault of the storage itself, at ${what}: ${String(error)}`);
        },
      };
      let family: RunningFamily | undefined;
      family = await orEnvironment(() => startFamily(kind, settings));
      families.push(family);
    }
    const token = randomBytes(32).toString('base64url');
    const control = await startControl(
      {
        clock,
        faults,
        families,
        requests,
        buckets: options.buckets,
        onClockMoved: () => folder.saveClockState(clock.state),
        onInternalError: (error) =>
          context.stderr(`fortnight: a fault of the storage itself: ${String(error)}`),
      },
      token,
    );
    try {
      folder.saveClockState(clock.state);
      folder.announceControl({ port: control.port, token, pid: process.pid });
      tellServing(context, options, { folder, families, clock, certFile: tls?.certFile });
      await signalled(context.signal);
    } finally {
      await control.close();
    }
  } finally {
    for (const family of families) await family.close();
    folder.saveClockState(clock.state);
  }
}

async function startFamily(kind: FamilyKind, settings: FamilyOptions): Promise<RunningFamily> {
  const load = FAMILIES[kind];
  if (load === undefined) throw new Error(`the family ${kind} was not checked`);
  return (await load()).start(settings);
}

function portOf(options: ServeOptions, kind: FamilyKind, index: number): number {
  if (options.port === null) return DEFAULT_PORTS[kind];
  return options.port === 0 ? 0 : options.port + index;
}

function waitReal(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, delayMs);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function signalled(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    // A signal listener alone does not keep the process alive; the listening sockets do.
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What the machine, the disk or another process refuses ends with exit 4 and a remedy. */
async function orEnvironment<Result>(start: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await start();
  } catch (error) {
    if (error instanceof StartError) {
      if (error.code === 'options.invalid') throw new UsageError(`${error.message}.`);
      const remedy = error.code === 'port.in-use' ? ': --port N, or --port 0 for any free one' : '';
      throw new CommandError(EXIT.environment, [`fortnight: ${error.message}${remedy}.`]);
    }
    if (error instanceof StateError) {
      throw new CommandError(EXIT.environment, [`fortnight: ${error.message}.`]);
    }
    throw error;
  }
}

function readServeOptions(raw: RawOptions): ServeOptions {
  const skew = readText(raw, 'skewTolerance');
  const bucket = readText(raw, 'bucket');
  return {
    kinds: readKinds(readText(raw, 'kind') ?? 's3'),
    profile: readChoice('--profile', readText(raw, 'profile') ?? 'aws', PROFILE_NAMES),
    port: readPort(readText(raw, 'port')),
    host: readText(raw, 'host') ?? '127.0.0.1',
    isMemory: readFlag(raw, 'memory'),
    hasTls: readFlag(raw, 'tls'),
    explainAuth: readFlag(raw, 'explainAuth'),
    buckets: bucket === null ? [] : [bucket],
    skewToleranceMs: skew === null ? null : readDuration('--skew-tolerance', skew),
  };
}

function readKinds(text: string): readonly FamilyKind[] {
  const there = FAMILY_KINDS.filter((kind) => FAMILIES[kind] !== undefined);
  const chosen = readChoice('--kind', text, [...FAMILY_KINDS, 'all'] as const);
  if (chosen === 'all') return there;
  if (there.includes(chosen)) return [chosen];
  throw new UsageError(
    `--kind: there is no ${chosen} storage in this version. Use one of: ${there.join(', ')}, all.`,
  );
}

export function readPort(text: string | null): number | null {
  if (text === null) return null;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65_535) {
    throw new UsageError(`--port: "${text}" is no port: a number from 0 (any free one) to 65535.`);
  }
  return port;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

function tellServing(
  context: CommandContext,
  options: ServeOptions,
  running: {
    readonly folder: EndpointFolder;
    readonly families: readonly RunningFamily[];
    readonly clock: MovableClock;
    readonly certFile: string | undefined;
  },
): void {
  const { folder, families, clock, certFile } = running;
  if (!LOOPBACK.test(options.host)) {
    context.stderr(
      `Warning: ${options.host} is not the loopback address: others on the network can reach ` +
        'this storage, which is made for tests.',
    );
  }
  if (context.json) {
    context.stdout(
      JSON.stringify({
        type: 'storage.serving',
        stateDirectory: folder.path,
        now: clock.now(),
        ...(certFile === undefined ? {} : { certFile }),
        families: families.map((family) => ({
          kind: family.kind,
          endpoint: family.endpoint,
          port: family.port,
          clients: family.clientSettings(),
        })),
      }),
    );
    return;
  }
  for (const family of families) {
    const profile = family.kind === 's3' ? ` (profile ${options.profile})` : '';
    context.stdout(`${family.kind} storage at ${family.endpoint}${profile}`);
    for (const { client, lines } of family.clientSettings()) {
      context.stdout('');
      context.stdout(`# ${client}`);
      for (const line of lines) context.stdout(line);
    }
    context.stdout('');
  }
  if (certFile !== undefined) {
    context.stdout('# The certificate is self-signed; clients trust it by');
    context.stdout(`export AWS_CA_BUNDLE=${certFile} RCLONE_CA_CERT=${certFile}`);
    context.stdout(`export NODE_EXTRA_CA_CERTS=${certFile} RESTIC_CACERT=${certFile}`);
    context.stdout('');
  }
  const where = options.isMemory ? 'in memory' : `in ${folder.path}`;
  context.stdout(`Objects are ${where}; the clock shows ${new Date(clock.now()).toISOString()}.`);
  context.stdout(`Move it with: fortnight storage clock +15m --state ${folder.path}`);
  context.stdout(`Temporary credentials: fortnight storage keys --state ${folder.path}`);
  context.stdout('Ctrl-C stops.');
}

function tellRequest(context: CommandContext, entry: ExplainedRequest): void {
  if (context.json) context.stdout(JSON.stringify({ type: 'storage.request', ...entry }));
  else for (const line of explainRequest(entry)) context.stdout(line);
}
