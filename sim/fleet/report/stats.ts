import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { type EpochMs, HOUR_MS } from '../../../machines/rules/time.ts';
import { LifeStats } from './life-stats.ts';
import { LoadStats } from './load-stats.ts';
import type { FleetReport } from './report.ts';

/** A count for every hour of the run. */
export class HourSeries {
  readonly values: number[] = [];
  readonly #startAt: EpochMs;

  constructor(startAt: EpochMs) {
    this.#startAt = startAt;
  }

  add(at: EpochMs, amount: number): void {
    const hour = Math.max(0, Math.floor((at - this.#startAt) / HOUR_MS));
    while (this.values.length <= hour) this.values.push(0);
    this.values[hour] = (this.values[hour] as number) + amount;
  }

  /** Cut or filled up to so many hours. */
  upTo(hours: number): readonly number[] {
    return Array.from({ length: hours }, (_, hour) => this.values[hour] ?? 0);
  }
}

/** What is used of a tenant's quota from this share on counts as nearly full. */
const NEARLY_FULL = 0.9;

/** Reads the log, event by event, and nothing else: so the report agrees with the log. */
export class FleetStats {
  readonly #startAt: EpochMs;
  #lastAt: EpochMs;
  #tenants = 0;
  readonly #outcomes = new Map<string, number>();
  #started = 0;
  #skipped = 0;
  #bytes = 0;
  readonly #startedPerHour: HourSeries;
  readonly #failedPerHour: HourSeries;
  #issues = 0;
  #renewals = 0;
  #failedAttempts = 0;
  readonly #issuesPerHour: HourSeries;
  readonly #renewalsPerHour: HourSeries;
  readonly #alive: HourSeries;
  readonly #quota = new Map<string, { usedBytes: number; quotaBytes: number }>();
  readonly #tenantOf = new Map<string, string>();
  #refused = 0;
  readonly #retries = new Map<string, number>();
  #restarts = 0;
  #connectionsLost = 0;
  #revoked = 0;
  #irrevocable = 0;
  #usableUntil: EpochMs | null = null;
  readonly #faults = new Map<string, number>();
  readonly #life = new LifeStats();
  readonly #loads: LoadStats;

  constructor(startAt: EpochMs) {
    this.#startAt = startAt;
    this.#lastAt = startAt;
    this.#startedPerHour = new HourSeries(startAt);
    this.#failedPerHour = new HourSeries(startAt);
    this.#issuesPerHour = new HourSeries(startAt);
    this.#renewalsPerHour = new HourSeries(startAt);
    this.#alive = new HourSeries(startAt);
    this.#loads = new LoadStats(startAt);
  }

  readonly see = (event: LogEvent): void => {
    const { data } = event;
    switch (event.type) {
      case 'session.started':
        this.#started += 1;
        this.#startedPerHour.add(event.at, 1);
        return;
      case 'session.ended':
        this.#noteEnd(event);
        return;
      case 'session.skipped':
        this.#skipped += 1;
        return;
      case 'session.state':
        if (data.state === 'active.restarting') this.#restarts += 1;
        return;
      case 'credential.issued':
        this.#noteIssue(event);
        return;
      case 'credential.issueFailed':
        this.#failedAttempts += 1;
        return;
      case 'credential.revoked':
        this.#noteRevocation(event);
        return;
      case 'credential.delivered':
      case 'storage.used':
        this.#life.see(event);
        return;
      case 'storage.retried':
        count(this.#retries, String(data.code));
        return;
      case 'quota.granted':
      case 'quota.spent':
      case 'quota.returned':
      case 'quota.freed':
        this.#noteQuota(event);
        return;
      case 'quota.refused':
        this.#refused += 1;
        return;
      case 'channel.down':
        this.#connectionsLost += 1;
        return;
      case 'tenant.onboarded':
        this.#tenants += 1;
        return;
      case 'fault.fired':
        count(this.#faults, String(data.fault));
        return;
      case 'gateway.load':
      case 'direct.load':
        this.#lastAt = Math.max(this.#lastAt, event.at);
        this.#loads.see(event);
        return;
      default:
    }
  };

  #noteEnd(event: LogEvent): void {
    const { state, code, bytes } = event.data;
    this.#lastAt = Math.max(this.#lastAt, event.at);
    count(this.#outcomes, `${String(state)} ${code ?? ''}`);
    this.#bytes += Number((bytes as { readonly storage?: number }).storage ?? 0);
    if (state === 'failed') this.#failedPerHour.add(event.at, 1);
    this.#life.end(event);
  }

  #noteIssue({ at, data }: LogEvent): void {
    this.#issues += 1;
    this.#issuesPerHour.add(at, 1);
    if (Number(data.generation) > 1) {
      this.#renewals += 1;
      this.#renewalsPerHour.add(at, 1);
    }
    this.#alive.add(at, 1);
    this.#alive.add(Number(data.expiresAt), -1);
  }

  #noteRevocation({ at, data }: LogEvent): void {
    const { state, expiresAt } = data;
    if (state === 'revoked') {
      this.#revoked += 1;
      if (typeof expiresAt !== 'number') return;
      this.#alive.add(at, -1);
      this.#alive.add(expiresAt, 1);
      return;
    }
    this.#irrevocable += 1;
    if (typeof expiresAt !== 'number') return;
    this.#usableUntil = Math.max(this.#usableUntil ?? 0, expiresAt);
  }

  #noteQuota({ data }: LogEvent): void {
    const scope = String(data.scope);
    let tenant = this.#tenantOf.get(scope);
    if (tenant === undefined) {
      tenant = scope.split(/[@/]/)[0] as string;
      this.#tenantOf.set(scope, tenant);
    }
    const known = this.#quota.get(tenant);
    const usedBytes = Number(data.usedBytes);
    const quotaBytes = Number(data.quotaBytes);
    if (known === undefined) this.#quota.set(tenant, { usedBytes, quotaBytes });
    else {
      known.usedBytes = usedBytes;
      known.quotaBytes = quotaBytes;
    }
  }

  /** `untilAt`: the last instant of the run; later hours of the series are cut off. */
  report(untilAt: EpochMs): FleetReport {
    const endAt = Math.max(untilAt, this.#lastAt);
    const hours = Math.max(1, Math.ceil((endAt - this.#startAt) / HOUR_MS));
    const perHour = this.#issuesPerHour.upTo(hours);
    const alivePerHour = summed(this.#alive.upTo(hours));
    return {
      startAt: this.#startAt,
      endAt,
      hours,
      tenants: this.#tenants,
      sessions: {
        started: this.#started,
        done: this.#ended('done'),
        failed: this.#ended('failed'),
        cancelled: this.#ended('cancelled'),
        skipped: this.#skipped,
        bytes: this.#bytes,
        reasons: this.#reasons(),
        failedPerHour: this.#failedPerHour.upTo(hours),
        startedPerHour: this.#startedPerHour.upTo(hours),
      },
      issues: {
        total: this.#issues,
        renewals: this.#renewals,
        failedAttempts: this.#failedAttempts,
        perHour,
        renewalsPerHour: this.#renewalsPerHour.upTo(hours),
        peak: peakOf(perHour, this.#startAt),
      },
      life: this.#life.report(),
      generations: { alivePerHour, peak: largest(alivePerHour) },
      ...this.#loads.report(hours),
      quota: this.#quotaReport(),
      retries: {
        storage: sorted(this.#retries).map(([code, times]) => ({ code, count: times })),
        moverRestarts: this.#restarts,
        connectionsLost: this.#connectionsLost,
      },
      revocations: {
        revoked: this.#revoked,
        irrevocable: this.#irrevocable,
        usableUntil: this.#usableUntil,
      },
      faults: sorted(this.#faults).map(([name, times]) => ({ name, count: times })),
    };
  }

  #ended(state: string): number {
    let total = 0;
    for (const [name, times] of this.#outcomes) if (name.startsWith(`${state} `)) total += times;
    return total;
  }

  #reasons() {
    return sorted(this.#outcomes).map(([name, times]) => {
      const [state = '', code = ''] = name.split(' ');
      return { state, code: code === '' ? null : code, count: times };
    });
  }

  #quotaReport(): FleetReport['quota'] {
    let usedBytes = 0;
    let quotaBytes = 0;
    let nearlyFull = 0;
    let fullest: FleetReport['quota']['fullest'] = null;
    for (const [tenant, own] of this.#quota) {
      usedBytes += own.usedBytes;
      quotaBytes += own.quotaBytes;
      if (own.usedBytes >= own.quotaBytes * NEARLY_FULL) nearlyFull += 1;
      const isFuller =
        fullest === null || own.usedBytes * fullest.quotaBytes > fullest.usedBytes * own.quotaBytes;
      if (isFuller) fullest = { tenant, ...own };
    }
    return { usedBytes, quotaBytes, nearlyFull, refused: this.#refused, fullest };
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** The most frequent first; equally frequent ones by name. */
function sorted(counts: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...counts].sort(
    ([leftName, left], [rightName, right]) => right - left || (leftName < rightName ? -1 : 1),
  );
}

function summed(changes: readonly number[]): readonly number[] {
  let total = 0;
  return changes.map((change) => {
    total += change;
    return total;
  });
}

export function largest(values: readonly number[]): number {
  let most = 0;
  for (const value of values) if (value > most) most = value;
  return most;
}

export function peakOf(
  perHour: readonly number[],
  startAt: EpochMs,
): { readonly count: number; readonly at: EpochMs } | null {
  const most = largest(perHour);
  if (most === 0) return null;
  return { count: most, at: startAt + perHour.indexOf(most) * HOUR_MS };
}
