import { expect, test } from 'vitest';
import { openMessage, openProvider, REPOSITORY, tenant } from './provider-bench.ts';

const LIMIT_BYTES = 700;
/** Half of what is used is another tenant's: the limit is the repository's, not one tenant's. */
const OTHERS_BYTES = 300;

async function openAt(usedBytes: number, operation = 'backup') {
  const provider = await openProvider([tenant('acme'), tenant('globex')]);
  const { database, server } = provider;
  const save = (name: string, used: number): Promise<void> =>
    database.saveLedger(`${name}/vault`, { quotaBytes: 1_000, usedBytes: used, reserved: {} });
  await save('globex', OTHERS_BYTES);
  await save('acme', usedBytes - OTHERS_BYTES);
  server.setRepository({ ...REPOSITORY, softLimitBytes: LIMIT_BYTES });
  const owner = await provider.connectTenant('acme');
  const [answer] = await owner.say('session.open', openMessage('s1', { operation }));
  expect(provider.errors).toEqual([]);
  return [answer?.type, answer?.header.code];
}

test.each([
  [-1, ['session.opened', undefined]],
  [0, ['session.refused', 'quota.softLimit']],
  [1, ['session.refused', 'quota.softLimit']],
])('Q5: with the soft limit %+d bytes used, a backup gets %j', async (fromLimit, answer) => {
  expect(await openAt(LIMIT_BYTES + fromLimit)).toEqual(answer);
});

test.each(['restore', 'verify', 'delete', 'list'])(
  'Q5: %s stores nothing, and is let in above the soft limit',
  async (operation) => {
    expect(await openAt(LIMIT_BYTES + 1, operation)).toEqual(['session.opened', undefined]);
  },
);
