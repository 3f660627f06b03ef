import { expect, test } from 'vitest';
import { memoryLinkPair } from '../../../adapters/memory/link.ts';
import { tell } from '../../../adapters/roles/messages.ts';
import { MoverHost } from '../../../adapters/roles/mover-host.ts';
import type { Link } from '../../../machines/ports/link.ts';
import { openMessage, openProvider, REPOSITORY, tenant } from './provider-bench.ts';

const GATED = { ...REPOSITORY, mode: 'gateway', access: null, gatewayServer: 'gs' } as const;

test('I15, I70: `target.start` said twice is one order to the host', async () => {
  const provider = await openProvider([tenant('acme')]);
  provider.server.setRepository(GATED);
  const host = await provider.connect(provider.server);
  const [accepted] = await host.say('hello', { kind: 'host', host: 'gs' });
  expect(accepted?.type).toBe('hello.accepted');
  const owner = await provider.connectTenant('acme');
  await owner.say('session.open', openMessage('s1'));
  await owner.say('target.start', { session: 's1' });
  await owner.say('target.start', { session: 's1' });
  expect(host.heard.filter(({ type }) => type === 'mover.start')).toHaveLength(1);
  expect(provider.errors).toEqual([]);
});

/** A host that is told to start these movers, one order after the other. */
async function hostHears(starts: readonly number[]) {
  const provider = await openProvider([]);
  const { clock, network, settle } = provider;
  let toHost: Link | null = null;
  const listener = await network.listen((link) => {
    toHost = link;
    link.onMessage((message) => {
      if (message.type === 'hello') tell(link, 'hello.accepted');
    });
  });
  let spawned = 0;
  let killed = 0;
  const host = new MoverHost({
    name: 'gs',
    transportClock: clock,
    dialer: network,
    spAddress: listener.address,
    spawner: {
      spawn: async () => {
        spawned += 1;
        const [near, far] = memoryLinkPair(clock, 0);
        const exited = new Promise<void>((resolve) => near.onClose(() => resolve()));
        const kill = (): void => {
          killed += 1;
          far.close();
        };
        return { link: near, exited, kill };
      },
    },
    onError: (error) => provider.errors.push(error),
  });
  await provider.inTime(host.start());
  for (const start of starts) {
    if (toHost !== null) tell(toHost, 'mover.start', { session: 's1', start, config: {} });
    await settle();
  }
  expect(provider.errors).toEqual([]);
  return { spawned, killed };
}

test.each([
  ['once', [1], { spawned: 1, killed: 0 }],
  ['twice', [1, 1], { spawned: 1, killed: 0 }],
  ['again after a newer one', [1, 2, 1], { spawned: 2, killed: 1 }],
  ['anew', [1, 2], { spawned: 2, killed: 1 }],
])('I15, I70: a host that is ordered %s has one mover', async (_how, starts, movers) => {
  expect(await hostHears(starts)).toEqual(movers);
});
