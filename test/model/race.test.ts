import fc from 'fast-check';
import { vi } from 'vitest';
import { renewalRule } from '../../machines/rules/lifetimes.ts';
import { MINUTE_MS } from '../../machines/rules/time.ts';
import { property } from '../support/seed.ts';
import { sessionJob } from './composed/jobs.ts';
import { CLIENTS } from './composed/setting.ts';
import { ComposedWorld } from './composed/world.ts';

vi.setConfig({ testTimeout: 180_000 });

const CLIENT = CLIENTS[0];
const SCOPE = { ...CLIENT, repository: 'vault' } as const;

/** What a scope holds when its sessions start together, and the generation they all end with. */
const HELD = [
  { name: 'nothing is held', leftMs: null, generation: 1 },
  { name: 'line - 1ms', leftMs: 1, generation: 1 },
  { name: 'at the line', leftMs: 0, generation: 1 },
  { name: 'line + 1ms', leftMs: -1, generation: 2 },
  { name: 'expired', leftMs: Number.NEGATIVE_INFINITY, generation: 2 },
] as const;
type Held = (typeof HELD)[number];

function start(world: ComposedWorld, backup: string): void {
  const id = `s${world.sessions.length + 1}`;
  const choice = { client: CLIENT, repository: 'vault', operation: 'backup', backup } as const;
  const rest = { jobKind: 'server', inSession: 'reconnect', quotaWaitMs: 0 } as const;
  world.startSession(CLIENT.tenant, sessionJob(id, { ...choice, ...rest }));
}

/** A session that was served before, and the time until little of its credential is left. */
async function bringTo(world: ComposedWorld, { leftMs }: Held): Promise<void> {
  if (leftMs === null) return;
  start(world, 'before');
  await world.moveTo(world.clock.now() + MINUTE_MS);
  const expiresAt = (await world.newestCredential(SCOPE))?.expiresAt ?? 0;
  const lineMs = renewalRule('s3-compatible', 'limited')?.renewBelowMs ?? 0;
  const isExpired = leftMs === Number.NEGATIVE_INFINITY;
  await world.moveTo(isExpired ? expiresAt : expiresAt - lineMs - leftMs);
}

/** Every message that is read waits for the scheduler; time moves when none is left. */
async function race(world: ComposedWorld, scheduler: fc.Scheduler): Promise<void> {
  world.network.hold = ({ type, header }) =>
    scheduler.schedule(Promise.resolve(), `${type} ${header.session ?? ''}`);
  while (world.running.length > 0) {
    await world.settle();
    world.assertSilent();
    if (scheduler.count() > 0) await scheduler.waitNext(1);
    else if (!world.clock.fireNext()) throw new Error('L1: nobody goes on');
  }
  world.network.hold = null;
}

property(
  'C12, I31, Q2: sessions of one scope share one renewal, whoever is answered first',
  [fc.scheduler(), fc.constantFrom(...HELD), fc.constantFrom(2, 3)],
  async (scheduler, held, count) => {
    const world = await ComposedWorld.start();
    try {
      await bringTo(world, held);
      for (let index = 0; index < count; index += 1) start(world, `backup-${index}`);
      await race(world, scheduler);
      world.endChecks();
      for (const { job, result } of world.sessions) {
        if (result?.state !== 'done') throw new Error(`L2: ${job.id} ${result?.state}`);
      }
      const newest = await world.newestCredential(SCOPE);
      if (newest?.generation !== held.generation) {
        throw new Error(`I31: ${held.name}, and generation ${newest?.generation} was issued`);
      }
      return true;
    } finally {
      world.installation.killAll();
    }
  },
  { numRuns: 40, interruptAfterTimeLimit: 160_000 },
);
