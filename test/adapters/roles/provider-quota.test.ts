import { expect, test } from 'vitest';
import type { HostDesk } from '../../../adapters/roles/sp-server/host-desk.ts';
import { QuotaBook } from '../../../adapters/roles/sp-server/quota-book.ts';
import { SpRegister } from '../../../adapters/roles/sp-server/register.ts';
import { SessionCloser } from '../../../adapters/roles/sp-server/session-closer.ts';
import type { SessionRecord } from '../../../adapters/roles/sp-server/session-record.ts';
import { reservedBytes } from '../../../machines/rules/quota.ts';
import { checkAll } from '../../../sim/check/index.ts';
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

/** Opens a backup session whose mover has its credential; the bench grants 400 bytes at a time. */
async function start(
  provider: Provider,
  owner: RawClient,
  session: string,
  subtenant: string | null = null,
) {
  const [opened] = await owner.say('session.open', openMessage(session, { subtenant }));
  const ticket = String(opened?.header.ticket);
  const { client } = await connectMover(provider, session, ticket);
  const [delivered] = await client.say('credential.request', CREDENTIAL_REQUEST);
  return { client, ticket, firstBytes: Number(delivered?.header.grantedBytes) };
}

function close(owner: RawClient, session: string, state = 'done') {
  return owner.say('session.close', { session, state, code: null });
}

async function ledger(provider: Provider, id: string) {
  const saved = await provider.database.loadLedger(id);
  if (saved === null) return null;
  return { used: saved.usedBytes, reserved: reservedBytes(saved) };
}

function expectNoViolations(provider: Provider): void {
  const quota = ['I51', 'I55', 'I58'];
  const { violations, witnesses } = checkAll(provider.log.events);
  expect(violations.filter(({ invariant }) => quota.includes(invariant))).toEqual([]);
  expect(witnesses.I51).toBeGreaterThan(0);
  expect(provider.errors).toEqual([]);
}

test('I53: the first grant comes in the frame of the credential', async () => {
  const provider = await openProvider([tenant('acme')]);
  const owner = await provider.connectTenant('acme');
  expect((await start(provider, owner, 's1')).firstBytes).toBe(400);
  expect(await ledger(provider, 'acme/vault')).toEqual({ used: 0, reserved: 400 });
});

test('I51: two sessions that race for the last bytes never hold more than there are', async () => {
  const provider = await openProvider([tenant('acme', { quotaBytes: 1_000 })]);
  const owner = await provider.connectTenant('acme');
  const one = await start(provider, owner, 's1');
  const two = await start(provider, owner, 's2');
  const request = { request: 1, bytes: 150, spentBytes: 0, receivedBytes: 400 };
  const [first, second] = await Promise.all([
    one.client.say('quota.request', request),
    two.client.say('quota.request', request),
  ]);
  const answers = [...first, ...second].map(({ type }) => type).sort();
  expect(answers).toEqual(['quota.granted', 'quota.refused']);
  expect(await ledger(provider, 'acme/vault')).toEqual({ used: 0, reserved: 1_000 });
  await close(owner, 's1');
  expect((await two.client.say('quota.request', request))[0]?.type).toBe('quota.granted');
  await close(owner, 's2');
  expectNoViolations(provider);
});

test('Q2, F24: a grant whose frame is lost is told again, and is granted once', async () => {
  const provider = await openProvider([tenant('acme', { quotaBytes: 700 })]);
  const owner = await provider.connectTenant('acme');
  const { client, firstBytes } = await start(provider, owner, 's1');
  const ask = async (bytes: number, receivedBytes: number) => {
    const [answer] = await client.say('quota.request', {
      request: 1,
      bytes,
      spentBytes: 0,
      receivedBytes,
    });
    return [answer?.type, answer?.header.totalBytes];
  };
  expect(firstBytes).toBe(400);
  expect(await ask(250, 400)).toEqual(['quota.granted', 700]);
  // The mover never heard of it: nothing is left, and yet it is not refused.
  expect(await ask(250, 400)).toEqual(['quota.granted', 700]);
  expect(await ledger(provider, 'acme/vault')).toEqual({ used: 0, reserved: 700 });
  expect(await ask(1, 700)).toEqual(['quota.refused', undefined]);
  await close(owner, 's1');
  expect(await ledger(provider, 'acme/vault')).toEqual({ used: 0, reserved: 0 });
  expectNoViolations(provider);
});

test('I55: a subtenant draws from its own account and from its tenant, and so do its siblings', async () => {
  const subtenants = [
    { name: 'small', quotaBytes: 300 },
    { name: 'free', quotaBytes: null },
  ];
  const provider = await openProvider([tenant('acme', { quotaBytes: 500, subtenants })]);
  const owner = await provider.connectTenant('acme');
  const small = await start(provider, owner, 's1', 'small');
  expect(small.firstBytes).toBe(300);
  const free = await start(provider, owner, 's2', 'free');
  expect(free.firstBytes).toBe(200);
  const request = (receivedBytes: number) => ({
    request: 1,
    bytes: 1,
    spentBytes: 0,
    receivedBytes,
  });
  expect((await small.client.say('quota.request', request(300)))[0]?.type).toBe('quota.refused');
  expect((await free.client.say('quota.request', request(200)))[0]?.type).toBe('quota.refused');
  expect(await ledger(provider, 'acme/vault')).toEqual({ used: 0, reserved: 500 });
  expect(await ledger(provider, 'acme@small/vault')).toEqual({ used: 0, reserved: 300 });
  await small.client.say('quota.report', { spentBytes: 120 });
  await close(owner, 's1');
  await close(owner, 's2');
  expect(await ledger(provider, 'acme/vault')).toEqual({ used: 120, reserved: 0 });
  expect(await ledger(provider, 'acme@small/vault')).toEqual({ used: 120, reserved: 0 });
  expectNoViolations(provider);
});

test('I58: a reservation goes back once, however often the close is said', async () => {
  const provider = await openProvider([tenant('acme')]);
  const owner = await provider.connectTenant('acme');
  const { client } = await start(provider, owner, 's1');
  await client.say('quota.report', { spentBytes: 100 });
  // I70: the same report again spends nothing again.
  await client.say('quota.report', { spentBytes: 100 });
  const [first] = await close(owner, 's1');
  const [second] = await close(owner, 's1');
  expect([first?.type, second?.type]).toEqual(['session.closed', 'session.closed']);
  expect(second?.header).toEqual(first?.header);
  expect(await ledger(provider, 'acme/vault')).toEqual({ used: 100, reserved: 0 });
  const returned = provider.log.events.filter(({ type }) => type === 'quota.returned');
  expect(returned.map(({ data }) => data.returnedBytes)).toEqual([300]);
  expectNoViolations(provider);
});

test('P2: the count of a closed session is told again to its tenant, and to nobody else', async () => {
  const provider = await openProvider([tenant('acme')]);
  const register = new SpRegister([REPOSITORY], []);
  const record = { id: 's1', scope: { tenant: 'acme' }, accounts: [], spec: { operation: 'list' } };
  register.sessions.set('s1', record as unknown as SessionRecord);
  const closer = new SessionCloser({
    log: provider.log,
    quota: new QuotaBook(provider.database),
    hosts: { closeDataRoute: async () => 77 } as unknown as HostDesk,
    register,
    recount: async () => {},
  });
  expect(await closer.close('globex', 's1', 'done')).toBe(0);
  expect(await closer.close('acme', 's1', 'done')).toBe(77);
  expect(await closer.close('acme', 's1', 'done')).toBe(77);
  expect(await closer.close('globex', 's1', 'done')).toBe(0);
});

test('Q2: nobody can spend more than was granted, or have the count go back', async () => {
  const provider = await openProvider([tenant('acme')]);
  const owner = await provider.connectTenant('acme');
  const { client } = await start(provider, owner, 's1');
  await client.say('quota.report', { spentBytes: 9_999_999 });
  expect(await ledger(provider, 'acme/vault')).toEqual({ used: 400, reserved: 0 });
  await client.say('quota.report', { spentBytes: 0 });
  expect(await ledger(provider, 'acme/vault')).toEqual({ used: 400, reserved: 0 });
});

test('I56: a lowered quota grants nothing above it; L9: a raised one is told, to subtenants too', async () => {
  const subtenants = [{ name: 'branch', quotaBytes: 600 }];
  const provider = await openProvider([tenant('acme', { subtenants })]);
  const owner = await provider.connectTenant('acme');
  const { client, firstBytes } = await start(provider, owner, 's1', 'branch');
  let receivedBytes = firstBytes;
  const change = async (quotaBytes: number, branchBytes: number): Promise<readonly string[]> => {
    const before = owner.heard.length;
    const changed = { quotaBytes, subtenants: [{ name: 'branch', quotaBytes: branchBytes }] };
    await provider.inTime(provider.server.setTenant(tenant('acme', changed)));
    return owner.heard.slice(before).map(({ type }) => type);
  };
  const ask = async () => {
    const answers = await client.say('quota.request', {
      request: 1,
      bytes: 50,
      spentBytes: 0,
      receivedBytes,
    });
    receivedBytes = Number(answers[0]?.header.totalBytes ?? receivedBytes);
    return answers.map(({ type }) => type);
  };

  expect(await change(100, 600)).toEqual([]);
  expect(await ask()).toEqual(['quota.refused']);
  expect(await change(1_000, 600)).toEqual(['quota.raised']);
  expect(await ask()).toEqual(['quota.granted']);
  expect(await change(1_000, 100)).toEqual([]);
  expect(await ask()).toEqual(['quota.refused']);
  expect(await change(1_000, 700)).toEqual(['quota.raised']);
  expect(await ask()).toEqual(['quota.granted']);
  await close(owner, 's1');
  expectNoViolations(provider);
});

test('F1: what a dead mover held is granted again to the one that takes its place', async () => {
  const provider = await openProvider([tenant('acme', { quotaBytes: 400 })]);
  const owner = await provider.connectTenant('acme');
  const { ticket } = await start(provider, owner, 's1');
  // It has stored 150 bytes and died before it said so.
  const key = 'Veeam/Backup/vault/Clients/acme/files/CloudStg/Data/x';
  provider.bucket.store(key, new Uint8Array(150), 0);
  const fresh = await connectMover(provider, 's1', ticket);
  const [delivered] = await fresh.client.say('credential.request', CREDENTIAL_REQUEST);
  expect(delivered?.header.grantedBytes).toBe(250);
  expect(await ledger(provider, 'acme/vault')).toEqual({ used: 150, reserved: 250 });
  await close(owner, 's1');
  expectNoViolations(provider);
});

test('F1: beside another session, what a dead mover held counts as used until the end', async () => {
  const provider = await openProvider([tenant('acme', { quotaBytes: 1_000 })]);
  const owner = await provider.connectTenant('acme');
  const one = await start(provider, owner, 's1');
  await start(provider, owner, 's2');
  const fresh = await connectMover(provider, 's1', one.ticket);
  const [delivered] = await fresh.client.say('credential.request', CREDENTIAL_REQUEST);
  expect(delivered?.header.grantedBytes).toBe(200);
  expect(await ledger(provider, 'acme/vault')).toEqual({ used: 400, reserved: 600 });
  await close(owner, 's2');
  await close(owner, 's1');
  expect(await ledger(provider, 'acme/vault')).toEqual({ used: 0, reserved: 0 });
  expectNoViolations(provider);
});

test('F35, I58: an SP that starts again counts before it grants, and leaves no stray grant', async () => {
  const provider = await openProvider([tenant('acme', { quotaBytes: 500 })]);
  const owner = await provider.connectTenant('acme');
  await start(provider, owner, 's1');
  await provider.inTime(provider.server.close());
  provider.bucket.store('Veeam/Backup/vault/Clients/acme/files/x', new Uint8Array(120), 0);

  const restarted = await provider.inTime(provider.startServer());
  const again = await provider.connectTenant('acme', restarted);
  // The old session is unknown now: it is told so, and its close is answered.
  expect(await again.say('mover.order', { session: 's1', order: 'resume' })).toMatchObject([
    { type: 'session.gone', header: { code: 'session.unknown' } },
  ]);
  expect((await close(again, 's1'))[0]?.type).toBe('session.closed');

  const [opened] = await again.say('session.open', openMessage('s2'));
  const ticket = String(opened?.header.ticket);
  const { client } = await connectMover(provider, 's2', ticket, restarted);
  const [delivered] = await client.say('credential.request', CREDENTIAL_REQUEST);
  expect(delivered?.header.grantedBytes).toBe(380);
  await close(again, 's2');
  expect(await ledger(provider, 'acme/vault')).toEqual({ used: 120, reserved: 0 });
});

test('L7, F4: an SP that starts again delivers the same generation and issues nothing', async () => {
  const provider = await openProvider([tenant('acme')]);
  const owner = await provider.connectTenant('acme');
  await start(provider, owner, 's1');
  await provider.inTime(provider.server.close());
  const restarted = await provider.inTime(provider.startServer());
  const again = await provider.connectTenant('acme', restarted);
  const [opened] = await again.say('session.open', openMessage('s2'));
  const ticket = String(opened?.header.ticket);
  const mover = await connectMover(provider, 's2', ticket, restarted);
  expect(mover.answer?.header).toMatchObject({ heldGeneration: 1 });
  const asked = { ...CREDENTIAL_REQUEST, renew: false, heldGeneration: 1 };
  const [delivered] = await mover.client.say('credential.request', asked);
  expect(delivered?.header.generation).toBe(1);
  const issued = provider.log.events.filter(({ type }) => type === 'credential.issued');
  expect(issued).toHaveLength(1);
});
