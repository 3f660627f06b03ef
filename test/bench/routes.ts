import {
  type BenchLab,
  MEDIA,
  type Medium,
  ROUTES,
  type RouteName,
  repositoryName,
  type SessionTimes,
  startBenchLab,
} from './bench-lab.ts';
import { type Benchmark, type Figure, megabytesPerSecond, ratioOf } from './measure.ts';
import { runSdkTask, type SdkTask } from './sdk-task.ts';

const OBJECT_BYTES = 1_048_576;
const OBJECTS = 64;
const TOTAL_BYTES = OBJECTS * OBJECT_BYTES;
const PARALLEL = 4;

const WORDS: Readonly<Record<RouteName, string>> = {
  'iam-sts': 'direct (IAM/STS)',
  share: 'direct (share)',
  gateway: 'gateway server',
  mount: 'mount server',
};

/** On the disk one route of each data path: the other two move their bytes the same way. */
const ROUTES_ON: Readonly<Record<Medium, readonly RouteName[]>> = {
  memory: ROUTES,
  disk: ['iam-sts', 'gateway'],
};

/** MB/s by the name of the figure, in the order in which they were first added. */
class Samples {
  readonly #all = new Map<string, number[]>();

  add(name: string, tookMs: number): void {
    const list = this.#all.get(name) ?? [];
    list.push(megabytesPerSecond(TOTAL_BYTES, tookMs));
    this.#all.set(name, list);
  }

  of(name: string): readonly number[] {
    return this.#all.get(name) ?? [];
  }
}

const SDKS = ['default', 'lean'] as const satisfies readonly SdkTask['settings'][];
const OPERATIONS = ['backup', 'restore'] as const;
type DataOperation = (typeof OPERATIONS)[number];

function sdkName(settings: SdkTask['settings'], operation: DataOperation, medium: Medium) {
  return `SDK ${settings}, ${operation === 'backup' ? 'upload' : 'download'}, ${medium}`;
}

function routeName(route: RouteName, operation: DataOperation, medium: Medium): string {
  return `${WORDS[route]}, ${operation}, ${medium}`;
}

const WHOLE = ', whole session';

async function measureSdk(lab: BenchLab, medium: Medium, run: number, samples: Samples) {
  const location = lab.world.locate(repositoryName('share', medium));
  if (location.endpoint === null) throw new Error('a lab storage has an endpoint');
  for (const settings of SDKS) {
    const times = await runSdkTask({
      settings,
      endpoint: location.endpoint,
      region: location.region,
      bucket: location.bucket,
      prefix: `plain/${settings}/${run}`,
      ...lab.owner,
      objects: OBJECTS,
      objectBytes: OBJECT_BYTES,
      parallel: PARALLEL,
    });
    samples.add(sdkName(settings, 'backup', medium), times.uploadMs);
    samples.add(sdkName(settings, 'restore', medium), times.downloadMs);
  }
}

async function measureRoute(
  lab: BenchLab,
  route: RouteName,
  medium: Medium,
  run: number,
  samples: Samples,
): Promise<void> {
  const repository = repositoryName(route, medium);
  const keep = (operation: DataOperation, { sessionMs, transferMs }: SessionTimes): void => {
    const name = routeName(route, operation, medium);
    samples.add(name, transferMs);
    samples.add(name + WHOLE, sessionMs);
  };
  // A backup of its own each time: nothing is there already, so every byte moves.
  const backup = `run-${run}`;
  keep('backup', await lab.backup(repository, backup, TOTAL_BYTES));
  keep('restore', await lab.restore(repository, backup, TOTAL_BYTES));
}

function figuresOf(medium: Medium, samples: Samples): readonly Figure[] {
  return OPERATIONS.flatMap((operation) => [
    ...SDKS.map((settings): Figure => {
      const name = sdkName(settings, operation, medium);
      return { name, unit: 'MB/s', samples: samples.of(name) };
    }),
    ...ROUTES_ON[medium].flatMap((route): readonly Figure[] => {
      const name = routeName(route, operation, medium);
      const ratios = SDKS.map((settings) => ({
        to: `SDK ${settings}`,
        ratio: ratioOf(samples.of(name), samples.of(sdkName(settings, operation, medium))),
      }));
      return [
        { name, unit: 'MB/s', samples: samples.of(name), ratios },
        { name: name + WHOLE, unit: 'MB/s', samples: samples.of(name + WHOLE) },
      ];
    }),
  ]);
}

/** Backup and restore on every S3 route beside the plain SDK, against the same endpoint. */
export const routes: Benchmark = {
  name: 'routes',
  title: 'Backup and restore of 64 MiB in blocks of 1 MiB, 4 requests at once',
  notes: [
    'A figure is the transfer alone; "whole session" has the start of two mover processes in it.',
    'SDK: PutObject and GetObject of the same sizes by one process, bytes ready in memory.',
    'Backups also make the data and hash it (SHA-256); restores hash and compare it.',
    'The storage, SP, gateway and tenant server share one process here, and all share the cores.',
  ],
  run: async ({ runs }) => {
    const lab = await startBenchLab();
    const samples = new Samples();
    try {
      // Run by run and not route by route: a busy moment of the machine then hits all alike.
      for (let run = 1; run <= (runs ?? 3); run += 1) {
        for (const medium of MEDIA) {
          await measureSdk(lab, medium, run, samples);
          for (const route of ROUTES_ON[medium])
            await measureRoute(lab, route, medium, run, samples);
        }
      }
    } finally {
      await lab.close();
    }
    return MEDIA.flatMap((medium) => figuresOf(medium, samples));
  },
};
