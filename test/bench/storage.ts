import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type Benchmark, type Figure, megabytesPerSecond, perSecond, ratioOf } from './measure.ts';
import { forgetPeak, peakMegabytes, processListeningOn } from './storage/peak-memory.ts';
import {
  BENCH_SERVERS,
  type BenchServer,
  type BenchServerKind,
  BUCKET,
  freshPrefix,
} from './storage/servers.ts';
import {
  LARGE_BYTES,
  LARGE_OBJECTS,
  LISTINGS,
  SMALL_OBJECTS,
  STREAM_BYTES,
  type StorageTask,
  type StorageTimes,
} from './storage/task.ts';

const PROGRAM = fileURLToPath(new URL('./storage/client.ts', import.meta.url));
/** Google's client puts a listener on its agent for each request at once. */
const QUIET = ['--disable-warning=MaxListenersExceededWarning'];
const LARGE_TOTAL = LARGE_OBJECTS * LARGE_BYTES;
const PEAK = 'peak memory, 1 GiB there and back';

interface Measure {
  readonly name: string;
  readonly unit: 'MB/s' | 'ops/s';
  readonly rateOf: (tookMs: number) => number;
}

const MEASURES: Readonly<Record<string, Measure>> = {
  putLarge: megabytes('PUT 64 MiB', LARGE_TOTAL),
  getLarge: megabytes('GET 64 MiB', LARGE_TOTAL),
  putStream: megabytes('PUT 1 GiB stream', STREAM_BYTES),
  getStream: megabytes('GET 1 GiB stream', STREAM_BYTES),
  putSmall: operations('PUT 4 KiB', SMALL_OBJECTS),
  getSmall: operations('GET 4 KiB', SMALL_OBJECTS),
  list: operations(`LIST ${SMALL_OBJECTS} names`, LISTINGS),
};

function megabytes(name: string, bytes: number): Measure {
  return { name, unit: 'MB/s', rateOf: (tookMs) => megabytesPerSecond(bytes, tookMs) };
}

function operations(name: string, count: number): Measure {
  return { name, unit: 'ops/s', rateOf: (tookMs) => perSecond(count, tookMs) };
}

/** All samples, by the name of the measure and of the server. */
type Samples = Map<string, { readonly server: BenchServerKind; readonly values: number[] }>;

function keep(samples: Samples, measure: string, server: BenchServerKind, value: number): void {
  const key = `${measure} ${server.kind} ${server.name}`;
  const entry = samples.get(key) ?? { server, values: [] };
  entry.values.push(value);
  samples.set(key, entry);
}

async function runTask(task: StorageTask): Promise<StorageTimes> {
  const child = spawn(process.execPath, [...QUIET, PROGRAM], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(task));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [answer, code] = await Promise.all([text(child.stdout), ended]);
  if (code !== 0) throw new Error(`the client process ended with ${code}`);
  return JSON.parse(answer) as StorageTimes;
}

type Running = ReadonlyMap<BenchServerKind, BenchServer>;

/** What cannot be started is said and left out: a missing figure must not look like a bad one. */
async function startAll(): Promise<Running> {
  const running = new Map<BenchServerKind, BenchServer>();
  for (const server of BENCH_SERVERS) {
    try {
      running.set(server, await server.start());
    } catch (error) {
      if (server.isOurs) throw error;
      console.error(`NOT RUN  ${server.name}: ${(error as Error).message}`);
    }
  }
  return running;
}

async function measure(
  running: Running,
  work: StorageTask['work'],
  samples: Samples,
): Promise<void> {
  for (const [server, { address, port }] of running) {
    // What keeps everything in memory would only show that it does.
    if (work === 'stream' && server.isMemory && server.isOurs) continue;
    const pid = work === 'stream' ? processListeningOn(port) : null;
    if (pid !== null) forgetPeak(pid);
    const times = await runTask({ address, bucket: BUCKET, prefix: freshPrefix(), work });
    for (const [name, tookMs] of Object.entries(times)) {
      const { rateOf } = MEASURES[name] as Measure;
      keep(samples, name, server, rateOf(tookMs));
    }
    if (pid !== null) keep(samples, PEAK, server, peakMegabytes(pid));
  }
}

function figuresOf(samples: Samples): readonly Figure[] {
  const names = [...Object.keys(MEASURES), PEAK];
  return (['s3', 'azure', 'gcs'] as const).flatMap((kind) =>
    names.flatMap((measure) => {
      const ofKind = BENCH_SERVERS.filter((server) => server.kind === kind);
      const valuesOf = (server: BenchServerKind) =>
        samples.get(`${measure} ${kind} ${server.name}`)?.values ?? [];
      const real = ofKind.find((server) => !server.isOurs && valuesOf(server).length > 0);
      return ofKind
        .filter((server) => valuesOf(server).length > 0)
        .map((server): Figure => {
          const values = valuesOf(server);
          const { name, unit } = MEASURES[measure] ?? { name: measure, unit: 'MB' as const };
          const figure = { name: `${kind}, ${server.name}, ${name}`, unit, samples: values };
          if (!server.isOurs || real === undefined) return figure;
          return { ...figure, ratios: [{ to: real.name, ratio: ratioOf(values, valuesOf(real)) }] };
        });
    }),
  );
}

/** `fortnight storage` beside Ceph's RADOS Gateway and Azurite, all in one run. */
export const storage: Benchmark = {
  name: 'storage',
  title: 'Storage servers, each with the same official client in a process of its own',
  notes: [
    `64 MiB: ${LARGE_OBJECTS} at once; 4 KiB: ${SMALL_OBJECTS}, 8 at once; LIST: one page, one after the other.`,
    'Clients compute no checksums. All servers and clients share the cores of this machine.',
    'Ceph RGW keeps objects in another process (an OSD in memory), Azurite in its own memory.',
    'Peak memory: of the process that serves; Linux only.',
  ],
  run: async ({ runs }) => {
    const running = await startAll();
    const samples: Samples = new Map();
    try {
      // Run by run and not server by server: a busy moment of the machine then hits all alike.
      for (let run = 1; run <= (runs ?? 3); run += 1) await measure(running, 'objects', samples);
      await measure(running, 'stream', samples);
    } finally {
      for (const server of running.values()) await server.stop();
    }
    return figuresOf(samples);
  },
};
