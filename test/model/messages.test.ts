import { describe, expect, test } from 'vitest';
import { MINUTE_MS, SECOND_MS } from '../../machines/rules/time.ts';
import { CONTROL, DATA } from './commands/message-mishap.ts';
import { sessionJob } from './composed/jobs.ts';
import type { Mishap } from './composed/network.ts';
import { CLIENTS } from './composed/setting.ts';
import { ComposedWorld } from './composed/world.ts';

const MISHAPS: readonly (readonly [string, Mishap, readonly string[]])[] = [
  ['F26: lost with its connection', { kind: 'lost' }, [...CONTROL, ...DATA]],
  ['F24: heard twice', { kind: 'twice', afterMs: 0 }, CONTROL],
  ['F11: late by 20 s', { kind: 'late', byMs: 20 * SECOND_MS }, [...CONTROL, ...DATA]],
];
/** Said only where a session outlives its credential (C15): the drawn runs have those. */
const RARE = ['contact.refresh', 'contact.state'];
const BOUND_MS = 30 * MINUTE_MS;

/** Each message of a session goes wrong once, on every kind of route; the session is done all the same. */
describe.each(MISHAPS)('%s', (_name, mishap, types) => {
  const usual = types.filter((type) => !RARE.includes(type));
  test.each(usual)('%s', async (type) => {
    let struck = 0;
    for (const repository of ['vault', 'gated'] as const) {
      const world = await ComposedWorld.start();
      try {
        world.network.arm(type, mishap);
        const choice = {
          client: CLIENTS[1],
          repository,
          operation: 'backup',
          backup: 'a',
        } as const;
        const rest = { jobKind: 'server', inSession: 'reconnect', quotaWaitMs: 0 } as const;
        world.startSession('acme', sessionJob('s1', { ...choice, ...rest }));
        await world.driver.advanceTo(world.clock.now() + BOUND_MS);
        world.assertSilent();
        expect(world.sessions[0]?.result).toMatchObject({ state: 'done' });
        struck += 1 - world.network.armedCount;
        world.endChecks();
      } finally {
        world.installation.killAll();
      }
    }
    expect(struck).toBeGreaterThan(0);
  });
});
