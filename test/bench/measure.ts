/** One figure of a benchmark: what was measured, and every sample of it. */
export interface Figure {
  /** What was measured, unique within its benchmark. */
  readonly name: string;
  readonly unit: 'events/s' | 'wake-ups/s' | 'MB/s' | 'ops/s' | 'MB' | 'ms' | 'events';
  /** One value a run, in the unit; at least one. */
  readonly samples: readonly number[];
  /** The same thing done more plainly, in the same run: name and this figure's median over its. */
  readonly ratios?: readonly { readonly to: string; readonly ratio: number }[];
}

/** A benchmark never judges: it has no thresholds and does not fail because something is slow. */
export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** What a reader must know to read the figures; one sentence a line. */
  readonly notes: readonly string[];
  run(options: BenchOptions): Promise<readonly Figure[]>;
}

export interface BenchOptions {
  /** Runs a figure; `null`: what the benchmark thinks right. */
  readonly runs: number | null;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  const lower = sorted.length % 2 === 1 ? upper : sorted[middle - 1];
  if (upper === undefined || lower === undefined) throw new Error('a figure without a sample');
  return {
    median: (lower + upper) / 2,
    min: sorted[0] as number,
    max: sorted.at(-1) as number,
    runs: sorted.length,
  };
}

/** How many times slower or faster: the median of the samples over the median of the others. */
export function ratioOf(samples: readonly number[], others: readonly number[]): number {
  return spreadOf(samples).median / spreadOf(others).median;
}

/** Starts a stopwatch; the function it returns reads milliseconds, with fractions. */
export function startStopwatch(): () => number {
  const startedAt = performance.now();
  return () => performance.now() - startedAt;
}

/** MB/s as everybody else gives it: 1 MB = 1,000,000 bytes. */
export function megabytesPerSecond(bytes: number, tookMs: number): number {
  return bytes / 1_000 / tookMs;
}

export function perSecond(count: number, tookMs: number): number {
  return (count * 1_000) / tookMs;
}

/**
 * Samples of synchronous jobs, each of which returns the amount of work that it did; one list a
 * job, in units a second. Run by run and not job by job: a busy moment of the machine then hits all
 * alike, so that their ratios hold. The first run warms the compiler up and is not counted.
 */
export function sampleAll(
  runs: number,
  jobs: readonly (() => number)[],
): readonly (readonly number[])[] {
  const samples: number[][] = jobs.map(() => []);
  for (let run = -1; run < runs; run += 1) {
    for (const [index, job] of jobs.entries()) {
      const read = startStopwatch();
      const amount = job();
      const tookMs = read();
      if (run >= 0) samples[index]?.push(perSecond(amount, tookMs));
    }
  }
  return samples;
}
