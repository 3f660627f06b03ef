import { createPrng, type Prng } from '../../kernel/index.ts';
import { type FleetResult, fleetFromData } from '../file/load.ts';

type Draft = Record<string, unknown>;

/** In about one of two cases: a swarm leaves things out as often as it puts them in. */
function maybe<Value>(prng: Prng, value: () => Value): Value | undefined {
  return prng.chance(1, 2) ? value() : undefined;
}

function without(draft: Draft): Draft {
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined));
}

function spread(prng: Prng, unit: string, most: number): Draft {
  const [min, typical, max] = [0, 1, 2]
    .map(() => prng.integer(1, most))
    .sort((left, right) => left - right) as [number, number, number];
  return { min: `${min}${unit}`, typical: `${typical}${unit}`, max: `${max}${unit}` };
}

function drawStorage(prng: Prng, name: string): Draft {
  const kind = prng.pick(['aws', 's3-compatible', 'azure', 'gcs']);
  const isS3 = kind === 'aws' || kind === 's3-compatible';
  return without({
    name,
    kind,
    longestSession: isS3 ? maybe(prng, () => prng.pick(['12h', '36h', '3d', '365d'])) : undefined,
    requestLatency: maybe(prng, () => spread(prng, 'ms', 900)),
    bandwidth: maybe(prng, () => `${prng.integer(50, 2_000)}Mbit/s`),
    issue: maybe(prng, () =>
      without({
        latency: spread(prng, 'ms', 4_000),
        perSecond: maybe(prng, () => prng.integer(1, 20)),
        propagation: maybe(prng, () => spread(prng, 's', 50)),
      }),
    ),
  });
}

/**
 * Credentials that live less than 14 days: there a tenant whose clock runs ahead may ask for a renewal
 * that the SP does not grant yet (C11 against I33; see `docs/findings.md`). So the SP checks.
 */
function isShortLived({ kind, longestSession }: Draft, issuer: string | undefined): boolean {
  const isShort = longestSession !== undefined && longestSession !== '365d';
  return isShort || kind === 'gcs' || (issuer !== undefined && issuer !== 'iam-user');
}

function drawRepository(prng: Prng, storage: Draft): Draft {
  const kind = storage.kind as string;
  const isCompatible = kind === 's3-compatible';
  const isCloud = kind === 'azure';
  const issuer =
    kind === 'aws' ? prng.pick(['iam-user', 'federation-token', 'assume-role']) : undefined;
  return without({
    name: `repository-${String(storage.name)}`,
    storage: storage.name,
    mode: prng.pick(['direct', 'direct', 'gateway']),
    access: isCompatible
      ? prng.pick(['iam-sts', 'iam-sts', 'share', 'backup-server', 'unset'])
      : undefined,
    inSession: prng.pick(['reconnect', 'reconnect', 'proactive', 'strict']),
    checkClock: isShortLived(storage, issuer) ? 'sp' : prng.pick(['tenant', 'sp']),
    strictRenewal: maybe(prng, () => prng.chance(1, 2)),
    adaptThreshold: maybe(prng, () => prng.chance(1, 2)),
    entraId: isCloud ? maybe(prng, () => true) : undefined,
    issuer,
    softLimit: prng.chance(1, 10) ? `${prng.integer(100, 3_000)}GiB` : undefined,
  });
}

function drawSchedule(prng: Prng): Draft {
  const period = prng.pick([
    { daily: '22:00' },
    { daily: '02:30' },
    { every: '6h' },
    { every: '5h 13m' },
    { weekly: 'wed', at: '10:00' },
  ]);
  return without({ ...period, jitter: maybe(prng, () => `${prng.integer(1, 180)}m`) });
}

function drawClock(prng: Prng): Draft {
  return without({
    offset: maybe(prng, () => {
      // Not 1h: on credentials of 1 h that is the renewal storm of `docs/findings.md`.
      const offset = prng.pick(['26h', '2h', '48h', '90s']);
      return prng.chance(1, 2) ? `-${offset}` : offset;
    }),
    drift: maybe(prng, () => prng.integer(-200, 200)),
    jumps: maybe(prng, () => [
      { at: `${prng.integer(1, 10)}d`, by: prng.pick(['+26h', '-26h', '+2h', '-2h', '+5m']) },
    ]),
  });
}

function drawGroup(prng: Prng, name: string, repository: string): Draft {
  const tight = prng.chance(1, 5);
  return without({
    name,
    count: prng.integer(1, 5),
    subtenants: maybe(prng, () => prng.integer(1, 2)),
    repository,
    job: prng.pick(['server', 'agent']),
    quota: tight ? `${prng.integer(20, 200)}GiB` : '4TiB',
    subtenantQuota: maybe(prng, () => `${prng.integer(30, 900)}GiB`),
    schedule: drawSchedule(prng),
    onboarding: maybe(prng, () => ({ over: `${prng.integer(1, 5)}d` })),
    first: spread(prng, 'GiB', prng.chance(1, 4) ? 900 : 60),
    incremental: spread(prng, 'GiB', 10),
    throughput: `${prng.integer(20, 400)}Mbit/s`,
    keep: prng.integer(2, 14),
    clock: maybe(prng, () => drawClock(prng)),
  });
}

function drawFault(prng: Prng, storage: string, group: string): Draft {
  const minutes = (most: number): string => `${prng.integer(1, most)}m`;
  return prng.pick<() => Draft>([
    () => ({ site: 'issuer', oneIn: prng.integer(2, 20), error: 'issuer.unavailable' }),
    () => ({ site: 'issuer', of: storage, oneIn: prng.integer(3, 20), lost: true }),
    () => ({
      site: 'issuer',
      oneIn: prng.integer(5, 30),
      error: 'storage.throttled',
      for: minutes(60),
    }),
    () => ({ site: 'issuer', oneIn: prng.integer(3, 20), delay: minutes(4) }),
    () => ({ site: 'issuer', oneIn: prng.integer(5, 40), error: 'issuer.limit' }),
    () => ({
      site: 'storage',
      oneIn: prng.integer(5, 50),
      error: 'storage.throttled',
      for: minutes(20),
    }),
    () => ({ site: 'storage', oneIn: prng.integer(20, 80), error: 'access.denied' }),
    () => ({ site: 'storage', oneIn: prng.integer(20, 80), error: 'credential.expired' }),
    () => ({
      site: 'storage',
      of: storage,
      oneIn: prng.integer(24, 200),
      down: 'both',
      for: minutes(600),
    }),
    () => ({ site: 'records', oneIn: prng.integer(3, 30), error: 'records.failed' }),
    () => ({ site: 'sp', oneIn: prng.integer(24, 200), down: 'both', for: minutes(300) }),
    () => ({ site: 'gateway', oneIn: prng.integer(24, 200), down: 'both', for: minutes(120) }),
    () => ({
      site: 'network',
      of: group,
      oneIn: prng.integer(12, 100),
      down: prng.pick(['both', 'up', 'down']),
      for: minutes(90),
    }),
    () => ({ site: 'message', oneIn: prng.integer(20, 400), lost: true }),
    () => ({ site: 'message', oneIn: prng.integer(10, 100), duplicate: true }),
    () => ({ site: 'message', oneIn: prng.integer(10, 100), delay: minutes(10) }),
    () => ({ site: 'mover', oneIn: prng.integer(5, 60), crash: prng.pick(['source', 'target']) }),
    () => ({ site: 'mover', oneIn: prng.integer(20, 90), error: 'mover.exited' }),
  ])();
}

function drawEvents(prng: Prng, days: number, repositories: readonly Draft[], first: Draft) {
  const events: Draft[] = [];
  const group = String(first.name);
  if (prng.chance(1, 3)) {
    const repository = prng.pick(repositories);
    const mode = repository.mode === 'direct' ? 'gateway' : 'direct';
    const day = prng.integer(1, days - 1);
    events.push({ day, set: { repository: repository.name, mode } });
  }
  if (prng.chance(1, 4)) {
    const day = prng.integer(1, days - 1);
    events.push({ day, disable: group, share: '50%' });
    // What cannot be revoked lives on beside the new generations (C13, C22): not drawn here.
    const isRevocable = repositories.every(({ issuer }) => issuer === 'iam-user');
    if (isRevocable) events.push({ day: day + 0.5, enable: group });
  }
  if (prng.chance(1, 5) && first.subtenants === undefined) {
    events.push({ day: prng.integer(1, days - 1), group, quota: `${prng.integer(50, 900)}GiB` });
  }
  if (prng.chance(1, 8)) {
    const day = prng.integer(1, days - 1);
    events.push({ day, maintenance: true }, { day: day + 0.25, maintenance: false });
  }
  return events;
}

/** A small fleet, its faults and all its settings, drawn from nothing but the seed. */
export function swarmFleet(seed: string): FleetResult {
  const prng = createPrng(seed).stream('swarm');
  const days = prng.integer(8, 40);
  const storages = Array.from({ length: prng.integer(1, 2) }, (_, index) =>
    drawStorage(prng, `storage-${index + 1}`),
  );
  const repositories = storages.map((storage) => drawRepository(prng, storage));
  const groups = Array.from({ length: prng.integer(1, 3) }, (_, index) =>
    drawGroup(prng, `group${index + 1}`, String(prng.pick(repositories).name)),
  );
  const storage = String((storages[0] as Draft).name);
  const faults = Array.from({ length: prng.integer(0, 4) }, () =>
    drawFault(prng, storage, String((groups[0] as Draft).name)),
  );
  const data = without({
    version: 1,
    title: `Swarm ${seed}`,
    seed,
    days,
    network: maybe(prng, () => ({
      latency: spread(prng, 'ms', 3_000),
      loss: `${prng.pick([0, 0.01, 0.1, 1])}%`,
      duplicate: `${prng.pick([0, 0.1, 2])}%`,
      reorder: `${prng.pick([0, 0.1, 2])}%`,
    })),
    control: maybe(prng, () => ({
      quotaWait: prng.pick(['0ms', '10m']),
      restarts: prng.integer(0, 4),
    })),
    grantChunk: prng.pick(['1GiB', '16GiB', '256GiB']),
    gateways: [{ name: 'gate', bandwidth: `${prng.integer(100, 2_000)}Mbit/s` }],
    storages,
    repositories,
    tenants: groups,
    faults,
    events: drawEvents(prng, days, repositories, groups[0] as Draft),
  });
  return fleetFromData(data, `swarm ${seed}`);
}
