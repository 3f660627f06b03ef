import { describe, expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../machines/rules/time.ts';
import { recover } from './composed/health.ts';
import { sessionJob } from './composed/jobs.ts';
import { CLIENTS, type Client, type RepositoryName } from './composed/setting.ts';
import { ComposedWorld } from './composed/world.ts';

const [ACME, , WEST] = CLIENTS;

function backUp(world: ComposedWorld, client: Client, repository: RepositoryName): void {
  const id = `s${world.sessions.length + 1}`;
  const choice = { client, repository, operation: 'backup', backup: 'a' } as const;
  const rest = { jobKind: 'server', inSession: 'reconnect', quotaWaitMs: 0 } as const;
  world.startSession(client.tenant, sessionJob(id, { ...choice, ...rest }));
}

/** Runs a story to its healthy end. */
async function tell(story: (world: ComposedWorld) => Promise<void>): Promise<void> {
  const world = await ComposedWorld.start();
  try {
    await story(world);
    world.assertSilent();
    await recover(world);
  } finally {
    world.installation.killAll();
  }
}

describe('what the composed system was found to survive', () => {
  test('F1, F12: a mover dies in a request, and the one after it says what is stored (Q2)', () =>
    tell(async (world) => {
      world.storages.slowTo(MINUTE_MS);
      backUp(world, ACME, 'vault');
      await world.moveTo(world.clock.now() + 90_000);
      world.installation.killMover('s1', 'target');
      await world.settle();
    }));

  test('F5: the tenant server dies in mid-session; two hours later nothing is reserved (I58)', () =>
    tell(async (world) => {
      world.storages.slowTo(MINUTE_MS);
      backUp(world, ACME, 'gated');
      await world.moveTo(world.clock.now() + 90_000);
      world.crashTenant('acme');
      await world.moveTo(world.clock.now() + 3 * HOUR_MS);
    }));

  test('F4: the SP dies as soon as it has issued; nothing is issued twice (I31, I74)', () =>
    tell(async (world) => {
      backUp(world, ACME, 'vault');
      await world.step(1);
      world.crashProvider();
      world.restart('sp');
      await world.moveTo(world.clock.now() + MINUTE_MS);
    }));

  test('I71: a late copy of `session.open` harms nobody', () =>
    tell(async (world) => {
      world.network.arm('session.open', { kind: 'twice', afterMs: MINUTE_MS });
      backUp(world, ACME, 'vault');
      await world.moveTo(world.clock.now() + HOUR_MS);
    }));
});

test('L10, F40: with an option set the next session is direct, the one that runs stays (M8)', () =>
  tell(async (world) => {
    world.setRepository('vault', { mode: 'direct', access: null });
    backUp(world, ACME, 'vault');
    await world.step(40);
    world.setRepository('vault', { access: 'iam-sts' });
    await world.moveTo(world.clock.now() + MINUTE_MS);
    backUp(world, ACME, 'vault');
    await world.moveTo(world.clock.now() + MINUTE_MS);
    const paths = world.sessions.map(({ result }) => [result?.state, result?.route?.dataPath]);
    expect(paths).toEqual([
      ['done', 'gateway'],
      ['done', 'direct'],
    ]);
  }));

/** Faults of the roles that the drawn runs have found; each has been mended. */
describe('what it was found not to survive once', () => {
  test('I15: a repeated `mover.start` makes no second target mover', () =>
    tell(async (world) => {
      world.network.arm('mover.start', { kind: 'twice', afterMs: 5 });
      backUp(world, ACME, 'gated');
      await world.moveTo(world.clock.now() + HOUR_MS);
    }));

  test('I15: a repeated `mover.ready` is not told as a second target mover', () =>
    tell(async (world) => {
      world.network.arm('mover.ready', { kind: 'twice', afterMs: 0 });
      backUp(world, ACME, 'gated');
      await world.moveTo(world.clock.now() + HOUR_MS);
    }));

  test('L7, C22: the SP dies in a revocation; the revoked key is never delivered again', () =>
    tell(async (world) => {
      backUp(world, ACME, 'vault');
      await world.moveTo(world.clock.now() + HOUR_MS);
      world.setTenant('acme', null, { disabled: true });
      await world.settle();
      world.installation.killProvider();
      world.restart('sp');
      await world.moveTo(world.clock.now() + HOUR_MS);
    }));

  test('L7, C22: new settings in a revocation; the revoked key is never delivered again', () =>
    tell(async (world) => {
      backUp(world, ACME, 'vault');
      await world.moveTo(world.clock.now() + HOUR_MS);
      world.setTenant('acme', null, { disabled: true });
      await world.settle();
      world.repositoryChanged('vault');
      await world.moveTo(world.clock.now() + HOUR_MS);
    }));

  test('I58: a restarted SP tells once what a subtenant had reserved', () =>
    tell(async (world) => {
      backUp(world, WEST, 'mounted');
      await world.settle();
      world.crashProvider();
      world.restart('sp');
      await world.moveTo(world.clock.now() + HOUR_MS);
      backUp(world, WEST, 'mounted');
      await world.moveTo(world.clock.now() + HOUR_MS);
      world.assertSilent([]);
    }));
});
