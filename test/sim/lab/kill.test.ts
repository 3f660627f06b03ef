import { expect, test } from 'vitest';
import { createStore } from '../../../adapters/compose/stores.ts';
import { checkAll } from '../../../sim/check/index.ts';
import { ownerS3Keys } from '../../../sim/lab/storages/s3-storage.ts';
import { openLab } from './lab-bench.ts';

test.each(['vault-direct', 'vault-gateway'])(
  'F1, I72, I75: %s: a target mover that is killed with SIGKILL costs a restart, nothing else',
  async (repository) => {
    let uses = 0;
    const bench = await openLab(undefined, ({ movers }, { type }) => {
      if (type !== 'storage.used') return;
      uses += 1;
      const target = movers.find(({ name }) => name.endsWith(':target'));
      if (uses === 8 && target !== undefined) process.kill(target.pid, 'SIGKILL');
    });
    try {
      const { world, job } = bench;
      const result = await world.run('acme', job('s1', { repository }));
      expect([result.state, result.code]).toEqual(['done', null]);
      expect(bench.movers.filter(({ name }) => name === 's1:target')).toHaveLength(2);

      const verify = { repository, operation: 'verify', source: null } as const;
      const verified = await world.run('acme', job('s2', verify));
      expect(verified).toMatchObject({ state: 'done', verified: true });

      const store = createStore(world.locate(repository), ownerS3Keys(bench.owner), bench.clock);
      expect(await store.abortUploads('Veeam/')).toBe(0);
      store.close();
      expect(checkAll(world.log.events).violations).toEqual([]);
    } finally {
      await bench.close();
    }
    for (const { pid } of bench.movers) expect(() => process.kill(pid, 0)).toThrow();
  },
);
