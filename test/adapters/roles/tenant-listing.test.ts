import { expect, test } from 'vitest';
import { createMemoryObjectStore } from '../../../adapters/memory/object-store.ts';
import {
  LIST_PAGE_MAX,
  type ListRequest,
  parseListedPage,
} from '../../../adapters/roles/messages.ts';
import type { SessionRecord } from '../../../adapters/roles/sp-server/session-record.ts';
import { TenantListing } from '../../../adapters/roles/sp-server/tenant-listing.ts';
import type { JsonObject } from '../../../machines/ports/event-log.ts';
import type { Link, LinkMessage } from '../../../machines/ports/link.ts';
import type { ObjectInfo } from '../../../machines/ports/object-store.ts';
import { DAY_MS } from '../../../machines/rules/time.ts';
import { pattern } from '../../contract/store-content.ts';
import {
  CREDENTIAL_REQUEST,
  connectMover,
  openMessage,
  openProvider,
  type Provider,
  type RawClient,
  REPOSITORY,
  tenant,
} from './provider-bench.ts';

const CLIENTS = 'Veeam/Backup/vault/Clients/';
const OWN = `${CLIENTS}acme/`;
const CONFIG = 'Veeam/Backup/vault/Config/';
const KEYS = [`${OWN}a`, `${OWN}b/1`, `${OWN}b/2`, `${CONFIG}Owner`, `${CLIENTS}acme2/secret`];
const REQUEST: JsonObject = { requestId: 'l1', prefix: OWN, startAfter: null, limit: 10 };

/** A session whose mover holds a credential, on storages of either kind. */
async function openSession(listing: 'none' | 'own-folder' = 'none') {
  const provider = await openProvider([tenant('acme'), tenant('acme2')], 0, { listing });
  const { bucket, clock, owner } = provider;
  const store = createMemoryObjectStore({ bucket, credential: owner, clock });
  for (const key of KEYS) await store.put(key, pattern(5));
  const client = await provider.connectTenant('acme');
  const [opened] = await client.say('session.open', openMessage('s1'));
  const mover = await connectMover(provider, 's1', String(opened?.header.ticket));
  const [delivered] = await mover.client.say('credential.request', CREDENTIAL_REQUEST);
  return { provider, client, mover: mover.client, delivered };
}

async function list(mover: RawClient, asked: JsonObject = {}): Promise<LinkMessage | undefined> {
  return (await mover.say('list.request', { ...REQUEST, ...asked })).at(-1);
}

function keysOfPage(message: LinkMessage | undefined): readonly string[] {
  expect(message?.type).toBe('list.page');
  return parseListedPage(message as LinkMessage).objects.map(({ key }) => key);
}

function refusal(message: LinkMessage | undefined): unknown {
  return message?.type === 'list.refuse' ? message.header.code : message?.type;
}

async function expectAlive(provider: Provider, mover: RawClient): Promise<void> {
  expect(mover.closedBecause).toBeNull();
  expect(provider.errors).toEqual([]);
}

test('the delivery says who lists', async () => {
  expect((await openSession('none')).delivered?.header.isListedByProvider).toBe(true);
  expect((await openSession('own-folder')).delivered?.header.isListedByProvider).toBe(false);
});

test('C9, I46 below its own prefixes a session is told what lies there, page by page', async () => {
  const { mover, provider } = await openSession();
  const first = await list(mover, { limit: 2 });
  expect(keysOfPage(first)).toEqual([`${OWN}a`, `${OWN}b/1`]);
  expect(first?.header.requestId).toBe('l1');
  expect(parseListedPage(first as LinkMessage).isLast).toBe(false);
  const second = await list(mover, { requestId: 'l2', limit: 2, startAfter: `${OWN}b/1` });
  expect(parseListedPage(second as LinkMessage)).toMatchObject({
    objects: [{ key: `${OWN}b/2`, sizeBytes: 5 }],
    isLast: true,
  });
  expect(keysOfPage(await list(mover, { prefix: `${OWN}b/` }))).toHaveLength(2);
  expect(keysOfPage(await list(mover, { prefix: CONFIG }))).toEqual([`${CONFIG}Owner`]);
  await expectAlive(provider, mover);
});

test.each([
  '',
  'Veeam/',
  CLIENTS,
  `${CLIENTS}acme`,
  `${CLIENTS}acme2/`,
  `${CLIENTS}acme@branch/`,
  'Veeam/Backup/vault/Config',
  'Veeam/Backup/vault2/Config/',
  `/${OWN}`,
  `${CLIENTS}ACME/`,
])('I44 a listing of %j is denied', async (prefix) => {
  const { mover, provider } = await openSession();
  expect(refusal(await list(mover, { prefix }))).toBe('access.denied');
  await expectAlive(provider, mover);
});

test('where the credential lists by itself the SP does not', async () => {
  const { mover } = await openSession('own-folder');
  expect(refusal(await list(mover))).toBe('access.denied');
});

test('C16 with an ended credential nothing is listed', async () => {
  const { mover, provider } = await openSession();
  const end = Number((await provider.server.credentials())[0]?.expiresAt);
  expect(end).toBeGreaterThan(provider.clock.now() + DAY_MS);
  provider.clock.advanceTo(end);
  expect(refusal(await list(mover))).toBe('credential.expired');
});

test('C22 a disabled tenant is told nothing', async () => {
  const { mover, provider } = await openSession();
  await provider.inTime(provider.server.setTenant(tenant('acme', { disabled: true })));
  expect(refusal(await list(mover))).toBe('tenant.disabled');
});

test('C8 without a running session nothing is heard', async () => {
  const { client, mover } = await openSession();
  await client.say('session.close', { session: 's1', state: 'done', code: null });
  expect(await list(mover)).toBeUndefined();
});

test.each<[string, JsonObject]>([
  ['no limit', { limit: 0 }],
  ['too long a page', { limit: LIST_PAGE_MAX + 1 }],
  ['too long a prefix', { prefix: OWN.padEnd(1_025, 'x') }],
  ['a start that is no key', { startAfter: 7 }],
])('a request with %s ends the connection', async (_name, asked) => {
  const { mover } = await openSession();
  expect(await list(mover, asked)).toBeUndefined();
  expect(mover.closedBecause).not.toBeNull();
});

test('a mover is listed for once at a time, by one store for its connection', async () => {
  const told: LinkMessage[] = [];
  const closeListeners: (() => void)[] = [];
  const link = {
    send: async (message: LinkMessage) => void told.push(message),
    onClose: (listener: () => void) => void closeListeners.push(listener),
  } as unknown as Link;
  const { promise: listed, resolve: finish } = Promise.withResolvers<readonly ObjectInfo[]>();
  let opened = 0;
  let closed = 0;
  const storage = {
    issuerFor: () => ({ capabilities: { listing: 'none' } }),
    locate: async () => ({}),
    storeFor: () => {
      opened += 1;
      return {
        async *list() {
          yield* await listed;
        },
        close() {
          closed += 1;
        },
      };
    },
  };
  const listing = new TenantListing({
    clock: { now: () => 0 },
    database: { openRepositoryCredential: async () => ({}) },
    storage,
    register: { repository: () => REPOSITORY },
    deskFor: async () => ({ held: () => ({ heldExpiresAt: DAY_MS }) }),
  } as unknown as ConstructorParameters<typeof TenantListing>[0]);
  const record = {
    rule: {},
    scope: { repository: 'vault', tenant: 'acme', subtenant: null },
  } as unknown as SessionRecord;
  const ask = (requestId: string) =>
    listing.answer(record, link, { ...REQUEST, type: 'list.request', requestId } as ListRequest);
  const first = ask('l1');
  await ask('l2');
  expect(told.map(({ header }) => header)).toEqual([
    { requestId: 'l2', code: 'storage.throttled' },
  ]);
  finish([]);
  await first;
  await ask('l3');
  expect(told.slice(1).map(({ type, header }) => [type, header.requestId])).toEqual([
    ['list.page', 'l1'],
    ['list.page', 'l3'],
  ]);
  expect([opened, closed]).toEqual([1, 0]);
  for (const close of closeListeners) close();
  await Promise.resolve();
  expect(closed).toBe(1);
});
