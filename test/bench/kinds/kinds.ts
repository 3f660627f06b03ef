import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StorageKind } from '../../../machines/rules/settings.ts';
import { installMissing } from '../../real/programs.ts';
import type { BenchLab } from '../bench-lab.ts';
import { type Benchmark, type Figure, ratioOf } from '../measure.ts';
import { Rates } from '../rates.ts';
import { runSdkTask, type SdkTask } from '../sdk-task.ts';
import { expectSameFolder, makeDataFolder } from './data-folder.ts';
import { KIND_ROUTES, KINDS, routeWords, startKindLab } from './kind-routes.ts';
import { PROGRAMS, type ProgramName, runBackupProgram } from './programs.ts';

const OBJECT_BYTES = 1_048_576;
const OBJECTS = 64;
const WARM_UP_OBJECTS = 4;
const PARALLEL = 4;
const PROGRAM_LIMIT_MS = 600_000;
/** Debian's restic and rclone speak S3 to any address; this kind shows what they do. */
const KIND_OF_PROGRAMS: StorageKind = 's3-compatible';
const DATA = 'data';
const WHOLE = ', whole session';

const SDKS = ['default', 'lean'] as const satisfies readonly SdkTask['settings'][];
const DIRECTIONS = ['backup', 'restore'] as const;
type Direction = (typeof DIRECTIONS)[number];

function sdkName(kind: StorageKind, settings: SdkTask['settings'], direction: Direction): string {
  return `${kind}, SDK ${settings}, ${direction === 'backup' ? 'upload' : 'download'}`;
}

const PROGRAM_WORDS: Readonly<Record<ProgramName, Readonly<Record<Direction, string>>>> = {
  rclone: { backup: 'rclone copy to it', restore: 'rclone copy from it' },
  restic: { backup: 'restic backup', restore: 'restic restore' },
};

function programName(program: ProgramName, direction: Direction): string {
  return `${KIND_OF_PROGRAMS}, ${PROGRAM_WORDS[program][direction]}`;
}

/** One turn: everything there is of one kind, on a fresh endpoint, with the same bytes. */
class Turn {
  readonly #kind: StorageKind;
  readonly #objects: number;
  readonly #rates: Rates;
  readonly #folder = mkdtempSync(join(tmpdir(), 'fortnight-bench-kinds-'));

  constructor(kind: StorageKind, objects: number, rates: Rates) {
    this.#kind = kind;
    this.#objects = objects;
    this.#rates = rates;
    makeDataFolder(join(this.#folder, DATA), objects, OBJECT_BYTES);
  }

  async run(programs: readonly ProgramName[]): Promise<void> {
    try {
      await this.#runAll(await startKindLab(this.#kind, 'memory'), programs);
    } finally {
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  async #runAll(lab: BenchLab, programs: readonly ProgramName[]): Promise<void> {
    try {
      await this.#runSdk(lab);
      for (const route of KIND_ROUTES) await this.#runSessions(lab, route);
      for (const program of programs) await this.#runProgram(lab, program);
    } finally {
      await lab.close();
    }
  }

  #add(name: string, tookMs: number): void {
    this.#rates.add(name, this.#objects * OBJECT_BYTES, tookMs);
  }

  async #runSdk(lab: BenchLab): Promise<void> {
    for (const settings of SDKS) {
      const times = await runSdkTask({
        settings,
        address: await lab.sdkAddress('direct'),
        bucket: lab.world.locate('direct').bucket,
        prefix: `plain/${settings}`,
        objects: this.#objects,
        objectBytes: OBJECT_BYTES,
        parallel: PARALLEL,
      });
      this.#add(sdkName(this.#kind, settings, 'backup'), times.uploadMs);
      this.#add(sdkName(this.#kind, settings, 'restore'), times.downloadMs);
    }
  }

  async #runSessions(lab: BenchLab, route: (typeof KIND_ROUTES)[number]): Promise<void> {
    const name = routeWords(this.#kind, route);
    const data = join(this.#folder, DATA);
    const path = join(this.#folder, `${route}-restored`);
    const times = {
      backup: await lab.backup(route, 'main', { type: 'folder', path: data }),
      restore: await lab.restore(route, 'main', { type: 'folder', path, force: false }),
    };
    expectSameFolder(data, path);
    for (const direction of DIRECTIONS) {
      this.#add(`${name}, ${direction}`, times[direction].transferMs);
      this.#add(`${name}, ${direction}${WHOLE}`, times[direction].sessionMs);
    }
  }

  async #runProgram(lab: BenchLab, program: ProgramName): Promise<void> {
    const address = await lab.sdkAddress('direct');
    if (address.family !== 's3') throw new Error(`${program} is shown on S3`);
    const times = await runBackupProgram(program, {
      address,
      bucket: lab.world.locate('direct').bucket,
      folder: this.#folder,
      data: DATA,
      parallel: PARALLEL,
      limitMs: PROGRAM_LIMIT_MS,
    });
    expectSameFolder(join(this.#folder, DATA), times.restored);
    this.#add(programName(program, 'backup'), times.backupMs);
    this.#add(programName(program, 'restore'), times.restoreMs);
  }
}

/** What cannot be installed is said and has no figures. */
function programsThere(): readonly ProgramName[] {
  const packages = Object.fromEntries(PROGRAMS.map((program) => [program, program]));
  const missing = installMissing(packages, (line) => console.error(line));
  for (const [program, why] of missing) console.error(`NOT RUN  ${program}: ${why}`);
  return PROGRAMS.filter((program) => !missing.has(program));
}

/** A figure with what it is compared with, as far as that was measured. */
function figure(rates: Rates, name: string, others: Readonly<Record<string, string>>): Figure {
  const samples = rates.of(name);
  const measured = Object.entries(others).filter(([, other]) => rates.of(other).length > 0);
  const ratios = measured.map(([to, other]) => ({ to, ratio: ratioOf(samples, rates.of(other)) }));
  return { name, unit: 'MB/s', samples, ratios };
}

function figuresOf(kind: StorageKind, direction: Direction, rates: Rates): readonly Figure[] {
  const sdks = SDKS.map((settings) => sdkName(kind, settings, direction));
  const programs = kind === KIND_OF_PROGRAMS ? PROGRAMS : [];
  const besideSdk = Object.fromEntries(
    SDKS.map((settings) => [`SDK ${settings}`, sdkName(kind, settings, direction)]),
  );
  const besidePrograms = Object.fromEntries(
    programs.map((program) => [program, programName(program, direction)]),
  );
  return [
    ...sdks.map((name) => figure(rates, name, {})),
    ...programs
      .map((program) => figure(rates, programName(program, direction), {}))
      .filter(({ samples }) => samples.length > 0),
    ...KIND_ROUTES.flatMap((route) => {
      const name = `${routeWords(kind, route)}, ${direction}`;
      return [figure(rates, name, besideSdk), figure(rates, name + WHOLE, besidePrograms)];
    }),
  ];
}

/** Every kind on its direct and its gateway route, beside what others do on the same endpoint. */
export const kinds: Benchmark = {
  name: 'kinds',
  title: 'Backup and restore of 64 MiB in 64 files and blocks of 1 MiB, 4 requests at once',
  notes: [
    'A figure is the transfer alone; "whole session" has the start of two mover processes in it.',
    'Backups read and hash (SHA-256) the files; restores hash and write them.',
    'SDK: puts and gets of the same sizes by one process, bytes ready in memory, no file.',
    'rclone and restic: the same files, start of the process to its exit; restic encrypts, too.',
    'The storage (in memory), SP, gateway and tenant server share one process here, and all share the cores.',
  ],
  run: async ({ runs }) => {
    const programs = programsThere();
    const rates = new Rates();
    // The first requests compile the endpoints: not counted, or what comes first would pay for all.
    for (const kind of KINDS) await new Turn(kind, WARM_UP_OBJECTS, new Rates()).run([]);
    // Run by run and not kind by kind: a busy moment of the machine then hits all alike.
    for (let run = 1; run <= (runs ?? 3); run += 1) {
      for (const kind of KINDS) {
        const shown = kind === KIND_OF_PROGRAMS ? programs : [];
        await new Turn(kind, OBJECTS, rates).run(shown);
      }
    }
    return KINDS.flatMap((kind) =>
      DIRECTIONS.flatMap((direction) => figuresOf(kind, direction, rates)),
    );
  },
};
