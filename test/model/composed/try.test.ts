import { test } from 'vitest';
import { ComposedWorld } from './world.ts';
import { sessionJob } from './jobs.ts';
import { CLIENTS, REPOSITORIES } from './setting.ts';

test('try', async () => {
  for (let round = 0; round < 3; round += 1) {
    const t0 = process.hrtime.bigint();
    const world = await ComposedWorld.start();
    console.log('start', Number(process.hrtime.bigint() - t0) / 1e6);
    let n = 0;
    for (const repository of REPOSITORIES)
      for (const operation of ['backup', 'restore'] as const) {
        const t = process.hrtime.bigint();
        n += 1;
        const draw = { client: CLIENTS[3], repository, operation, backup: 'a', jobKind: 'server', inSession: 'reconnect', quotaWaitMs: 0 } as const;
        world.startSession('globex', sessionJob(`s${n}`, draw));
        await world.moveTo(world.clock.now() + 60_000);
        const s = world.sessions.at(-1);
        console.log(repository, operation, s?.result?.state, s?.result?.code, s?.result?.detail, s?.result?.verified, Number(process.hrtime.bigint() - t) / 1e6);
      }
    world.assertSilent();
    const r = world.endChecks();
    console.log(r.violations, JSON.stringify(r.witnesses), world.log.events.length);
  }
});
