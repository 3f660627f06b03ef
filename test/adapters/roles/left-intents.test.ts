import { expect, test } from 'vitest';
import { waitOn } from '../../../adapters/wrap/wait.ts';
import { MINUTE_MS } from '../../../machines/rules/time.ts';
import { openProvider, tenant } from './provider-bench.ts';

const ASKED = { tenant: 'acme', subtenant: null, repository: 'vault' };
const NEVER_ASKED_AGAIN = { tenant: 'globex', subtenant: 'west', repository: 'vault' };
const LATER_MS = 60 * MINUTE_MS;

/** An SP that died with intents in its database, and one that starts after it. */
async function restart() {
  const provider = await openProvider([tenant('acme'), tenant('globex')]);
  const { clock, database, server } = provider;
  const now = clock.now();
  await database.recordIntent(ASKED, 1, now, now + LATER_MS);
  await database.recordIntent(NEVER_ASKED_AGAIN, 4, now, now + LATER_MS);
  await database.recordIntent({ ...NEVER_ASKED_AGAIN, subtenant: null }, 1, now, now);
  await server.close();
  const states = async () =>
    (await database.listCredentials()).map(({ scope, generation, state }) => [
      scope.tenant,
      generation,
      state,
    ]);
  return { provider, states };
}

test('I74: an SP that starts settles the intents of every scope, asked for or not', async () => {
  const { provider, states } = await restart();
  expect((await states()).map(([, , state]) => state)).toEqual(['intent', 'intent', 'intent']);
  await provider.inTime(provider.startServer());
  // What would have ended by now is forgotten; the others live to their end, for all one knows.
  expect(await states()).toEqual([
    ['acme', 1, 'irrevocable'],
    ['globex', 4, 'irrevocable'],
  ]);
  const told = provider.log.events.filter(({ type }) => type === 'credential.orphaned');
  expect(told.map(({ data }) => [data.scope, data.generation])).toEqual([
    ['acme/vault', 1],
    ['globex@west/vault', 4],
  ]);
  expect(provider.errors).toEqual([]);
});

test('I74: tenants are let in while a slow storage is still asked about the intents', async () => {
  const { provider, states } = await restart();
  provider.issuer.removeLeftovers = async () => {
    await waitOn(provider.clock, 5 * MINUTE_MS);
    return [];
  };
  const starting = provider.startServer();
  await provider.advanceBy(5 * MINUTE_MS);
  const server = await starting;
  await provider.connectTenant('acme', server);
  expect((await states()).map(([, , state]) => state)).toContain('intent');
  await provider.advanceBy(5 * MINUTE_MS);
  expect(await states()).toEqual([
    ['acme', 1, 'revoked'],
    ['globex', 4, 'revoked'],
  ]);
  expect(provider.errors).toEqual([]);
});

test('I74: an SP that is closed before it has read its intents opens no desk any more', async () => {
  const { provider, states } = await restart();
  const before = await states();
  const { database } = provider;
  const read = database.listCredentials.bind(database);
  let letRead = (): void => {};
  const mayRead = new Promise<void>((resolve) => {
    letRead = resolve;
  });
  database.listCredentials = async (scope) => {
    await mayRead;
    return read(scope);
  };
  const server = await provider.startServer();
  await server.close();
  letRead();
  await provider.settle();
  expect(await states()).toEqual(before);
});
