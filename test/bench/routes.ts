import { type BenchLab, type Medium, type SessionTimes, startBenchLab } from './bench-lab.ts';
import { type Benchmark, type Figure, ratioOf } from './measure.ts';
import { Rates } from './rates.ts';
import { runSdkTask, type SdkTask } from './sdk-task.ts';

const OBJECT_BYTES = 1_048_576;
const OBJECTS = 64;
const TOTAL_BYTES = OBJECTS * OBJECT_BYTES;
const PARALLEL = 4;

/** Every S3 route, on a storage in memory and on one that keeps its objects on the disk. */
const ROUTES = ['iam-sts', 'share', 'gateway', 'mount'] as const;
type RouteName = (typeof ROUTES)[number];
const MEDIA = ['memory', 'disk'] as const satisfies readonly Medium[];

const SETTINGS: Readonly<Record<RouteName, string>> = {
  'iam-sts': 'mode: direct, access: iam-sts',
  share: 'mode: direct, access: share',
  gateway: 'mode: gateway, access: unset',
  mount: 'mode: direct, access: backup-server',
};

function repositoryName(route: RouteName, medium: Medium): string {
  return `${route}-${medium}`;
}

function startRoutesLab(): Promise<BenchLab> {
  return startBenchLab({
    storages: MEDIA.map((medium) => ({ name: medium, kind: 's3-compatible', medium })),
    repositories: MEDIA.flatMap((medium) =>
      ROUTES.map((route) => ({
        name: repositoryName(route, medium),
        storage: medium,
        settings: SETTINGS[route],
      })),
    ),
  });
}

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

async function measureSdk(lab: BenchLab, medium: Medium, run: number, rates: Rates) {
  const repository = repositoryName('share', medium);
  const address = await lab.sdkAddress(repository);
  for (const settings of SDKS) {
    const times = await runSdkTask({
      settings,
      address,
      bucket: lab.world.locate(repository).bucket,
      prefix: `plain/${settings}/${run}`,
      objects: OBJECTS,
      objectBytes: OBJECT_BYTES,
      parallel: PARALLEL,
    });
    rates.add(sdkName(settings, 'backup', medium), TOTAL_BYTES, times.uploadMs);
    rates.add(sdkName(settings, 'restore', medium), TOTAL_BYTES, times.downloadMs);
  }
}

async function measureRoute(
  lab: BenchLab,
  route: RouteName,
  medium: Medium,
  run: number,
  rates: Rates,
): Promise<void> {
  const repository = repositoryName(route, medium);
  const keep = (operation: DataOperation, { sessionMs, transferMs }: SessionTimes): void => {
    const name = routeName(route, operation, medium);
    rates.add(name, TOTAL_BYTES, transferMs);
    rates.add(name + WHOLE, TOTAL_BYTES, sessionMs);
  };
  // A backup of its own each time: nothing is there already, so every byte moves.
  const backup = `run-${run}`;
  const source = {
    type: 'synthetic',
    files: 8,
    totalBytes: TOTAL_BYTES,
    seed: `${repository}/${backup}`,
    changedShare: 0,
    day: 0,
  } as const;
  keep('backup', await lab.backup(repository, backup, source));
  keep('restore', await lab.restore(repository, backup, { type: 'compare', source }));
}

function figuresOf(medium: Medium, rates: Rates): readonly Figure[] {
  return OPERATIONS.flatMap((operation) => [
    ...SDKS.map((settings): Figure => {
      const name = sdkName(settings, operation, medium);
      return { name, unit: 'MB/s', samples: rates.of(name) };
    }),
    ...ROUTES_ON[medium].flatMap((route): readonly Figure[] => {
      const name = routeName(route, operation, medium);
      const ratios = SDKS.map((settings) => ({
        to: `SDK ${settings}`,
        ratio: ratioOf(rates.of(name), rates.of(sdkName(settings, operation, medium))),
      }));
      return [
        { name, unit: 'MB/s', samples: rates.of(name), ratios },
        { name: name + WHOLE, unit: 'MB/s', samples: rates.of(name + WHOLE) },
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
    const lab = await startRoutesLab();
    const rates = new Rates();
    try {
      // Run by run and not route by route: a busy moment of the machine then hits all alike.
      for (let run = 1; run <= (runs ?? 3); run += 1) {
        for (const medium of MEDIA) {
          await measureSdk(lab, medium, run, rates);
          for (const route of ROUTES_ON[medium]) await measureRoute(lab, route, medium, run, rates);
        }
      }
    } finally {
      await lab.close();
    }
    return MEDIA.flatMap((medium) => figuresOf(medium, rates));
  },
};
