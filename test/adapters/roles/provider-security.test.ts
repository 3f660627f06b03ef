import { expect, test } from 'vitest';
import { CredentialBox, type DeliveryTerms } from '../../../adapters/roles/mover/credential-box.ts';
import { createSpConnection } from '../../../adapters/roles/sp-connection.ts';
import {
  answerChallenge,
  proveMover,
  sessionKeyOf,
  tenantKeyOf,
} from '../../../adapters/roles/tenant-proof.ts';
import type { JsonObject } from '../../../machines/ports/event-log.ts';
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

const TENANTS = [
  tenant('acme', { subtenants: [{ name: 'branch', quotaBytes: null }] }),
  tenant('globex'),
  tenant('closed', { disabled: true }),
];

/** An id is used once: a session that was closed is not opened again. */
let honestSessions = 0;

/** After every attack: nobody got anything, and the SP still serves the honest. */
async function expectUnharmed(provider: Provider, ...attackers: RawClient[]): Promise<void> {
  for (const { heard } of attackers) {
    expect(heard.filter(({ type }) => type === 'credential.deliver')).toEqual([]);
    expect(heard.filter(({ payload }) => payload !== undefined)).toEqual([]);
  }
  expect(provider.errors).toEqual([]);
  const honest = await provider.connectTenant('acme');
  honestSessions += 1;
  const session = `honest${honestSessions}`;
  const [opened] = await honest.say('session.open', openMessage(session));
  expect(opened?.type).toBe('session.opened');
  const mover = await connectMover(provider, session, String(opened?.header.ticket));
  const [delivered] = await mover.client.say('credential.request', CREDENTIAL_REQUEST);
  expect(delivered?.type).toBe('credential.deliver');
  await honest.say('session.close', { session, state: 'done', code: null });
}

test.each<[string, string, JsonObject]>([
  ['no hello at all', 'session.open', openMessage('s1')],
  ['a hello without a kind', 'hello', {}],
  ['a hello of an unknown kind', 'hello', { kind: 'root' }],
  ['a tenant without a name', 'hello', { kind: 'tenant' }],
  ['a name that is no text', 'hello', { kind: 'tenant', tenant: { a: 1 } }],
  ['a name of a mebibyte', 'hello', { kind: 'tenant', tenant: 'x'.repeat(2 ** 20) }],
  ['a mover without a ticket', 'hello', { kind: 'mover', session: 's1', publicKey: 'x' }],
  ['a host from outside', 'hello', { kind: 'host', host: 'gateway-1' }],
  ['a gateway from outside', 'hello', { kind: 'gateway' }],
])('I49: %s is cut off', async (_, type, header) => {
  const provider = await openProvider(TENANTS);
  const attacker = await provider.connect();
  expect(await attacker.say(type, header)).toEqual([]);
  expect(attacker.closedBecause).not.toBeNull();
  await expectUnharmed(provider, attacker);
});

test.each([
  ['a wrong secret', 'acme', 'secret of globex', 'channel.refused'],
  ['an unknown tenant', 'nobody', 'secret of nobody', 'channel.refused'],
  ['a prototype name', '__proto__', 'secret of __proto__', 'channel.refused'],
  ['a disabled tenant (C22)', 'closed', 'secret of closed', 'tenant.disabled'],
  ['a disabled tenant with a wrong secret', 'closed', 'guess', 'channel.refused'],
])('I49, F43: %s is refused', async (_, name, secret, code) => {
  const provider = await openProvider(TENANTS);
  const attacker = await provider.connect();
  const answer = await attacker.proveTenant(name, secret);
  expect(answer).toMatchObject({ type: 'hello.refused', header: { code } });
  // A refused connection says what it likes: only a hello is ever listened to.
  expect(await attacker.say('session.open', openMessage('s1'))).toEqual([]);
  await expectUnharmed(provider, attacker);
});

test.each<[string, string, JsonObject]>([
  ['an unknown type', 'session.steal', { session: 's1' }],
  ['an opening without a backup', 'session.open', { session: 's1' }],
  ['a negative block size', 'session.open', openMessage('s1', { blockBytes: -1 })],
  ['an unknown operation', 'session.open', openMessage('s1', { operation: 'format' })],
  ['an order that does not exist', 'mover.order', { session: 's1', order: 'explode' }],
  ['a session id of a kilobyte', 'session.open', openMessage('x'.repeat(1_000))],
])('a malformed message of a tenant ends its connection: %s', async (_, type, header) => {
  const provider = await openProvider(TENANTS);
  const attacker = await provider.connectTenant('globex');
  expect(await attacker.say(type, header)).toEqual([]);
  expect(attacker.closedBecause).not.toBeNull();
  await expectUnharmed(provider, attacker);
});

test.each<[string, JsonObject, string]>([
  ['..', { backup: '..' }, 'request.invalid'],
  ['a/b', { backup: 'a/b' }, 'request.invalid'],
  ['*', { backup: '*' }, 'request.invalid'],
  ['a quote', { backup: "x'y" }, 'request.invalid'],
  ['an @', { backup: 'acme@branch' }, 'request.invalid'],
  ['an empty backup', { backup: '' }, 'request.invalid'],
  [
    'an escaping restore point',
    { operation: 'restore', restorePoint: '../../x' },
    'request.invalid',
  ],
  ['a block of a terabyte', { blockBytes: 2 ** 40 }, 'request.invalid'],
  ['a subtenant "../globex"', { subtenant: '../globex' }, 'settings.unknown'],
  ['a subtenant "*"', { subtenant: '*' }, 'settings.unknown'],
  ['a subtenant of nobody', { subtenant: 'ghost' }, 'settings.unknown'],
  ['an empty subtenant', { subtenant: '' }, 'settings.unknown'],
  ['an unknown repository', { repository: 'other' }, 'settings.unknown'],
  ['a repository with a path', { repository: 'vault/../x' }, 'settings.unknown'],
])('§6: a session with %s is refused', async (_, changes, code) => {
  const provider = await openProvider(TENANTS);
  const attacker = await provider.connectTenant('globex');
  const [answer] = await attacker.say('session.open', openMessage('s1', changes));
  expect(answer).toMatchObject({ type: 'session.refused', header: { session: 's1', code } });
  await expectUnharmed(provider, attacker);
});

test.each(['', 'wrong', 'x'.repeat(32)])(
  'a mover with the ticket %j is refused',
  async (ticket) => {
    const provider = await openProvider(TENANTS);
    const owner = await provider.connectTenant('acme');
    await owner.say('session.open', openMessage('s1'));
    for (const session of ['s1', 'unknown']) {
      const { client, answer } = await connectMover(provider, session, ticket);
      if (ticket !== '') expect(answer?.header).toEqual({ code: 'session.unknown' });
      expect(await client.say('credential.request', CREDENTIAL_REQUEST)).toEqual([]);
      await expectUnharmed(provider, client);
    }
  },
);

test("I49: another tenant's session can be neither taken, ordered, closed nor seen", async () => {
  const provider = await openProvider(TENANTS);
  const owner = await provider.connectTenant('acme');
  const [opened] = await owner.say('session.open', openMessage('s1'));
  const ticket = String(opened?.header.ticket);
  const attacker = await provider.connectTenant('globex');

  const [refused] = await attacker.say('session.open', openMessage('s1'));
  expect(refused).toMatchObject({ type: 'session.refused', header: { code: 'request.invalid' } });
  const orders = [
    ['target.start', { session: 's1' }, 'session.gone'],
    ['mover.order', { session: 's1', order: 'abort' }, 'session.gone'],
    ['target.stop', { session: 's1' }, 'target.stopped'],
    ['session.close', { session: 's1', state: 'done', code: null }, 'session.closed'],
  ] as const;
  for (const [type, header, answer] of orders) {
    expect(await attacker.say(type, header)).toMatchObject([{ type: answer }]);
  }
  expect(JSON.stringify(attacker.heard)).not.toContain(ticket);

  const [again] = await owner.say('session.open', openMessage('s1'));
  expect(again?.header).toEqual(opened?.header);
  const mover = await connectMover(provider, 's1', ticket);
  const [delivered] = await mover.client.say('credential.request', CREDENTIAL_REQUEST);
  expect(delivered?.header).toMatchObject({ requestId: 'r1', generation: 1 });
  await expectUnharmed(provider, attacker);
});

test('C11: the answer to a repeated session.open tells the same check as the first', async () => {
  const provider = await openProvider(TENANTS);
  const owner = await provider.connectTenant('acme');
  const [first] = await owner.say('session.open', openMessage('s1'));
  const [second] = await owner.say('session.open', openMessage('s1'));
  expect(first?.header.check).toMatchObject({ isByTenant: true });
  expect(second?.header).toEqual(first?.header);
});

test.each(['closed', 'replaced'])(
  'C8, F1: an answer that comes after the mover was %s goes to nobody',
  async (how) => {
    const provider = await openProvider(TENANTS, 5_000);
    const owner = await provider.connectTenant('acme');
    const [opened] = await owner.say('session.open', openMessage('s1'));
    const ticket = String(opened?.header.ticket);
    const { client } = await connectMover(provider, 's1', ticket);
    expect(await client.say('credential.request', CREDENTIAL_REQUEST)).toEqual([]);
    if (how === 'closed') {
      await owner.say('session.close', { session: 's1', state: 'done', code: null });
      const late = await connectMover(provider, 's1', ticket);
      expect(late.answer?.header).toEqual({ code: 'session.unknown' });
    } else await connectMover(provider, 's1', ticket);
    for (let second = 0; second < 10; second += 1) await provider.settle();
    const types = provider.log.events.map(({ type }) => type);
    expect(types).toContain('credential.saved');
    expect(types).not.toContain('credential.delivered');
    expect(types).not.toContain('quota.granted');
    expect(client.heard.filter(({ type }) => type === 'credential.deliver')).toEqual([]);
  },
);

test('F5: what the tenant could not be told is told when it is connected again', async () => {
  const provider = await openProvider(TENANTS);
  const owner = await provider.connectTenant('acme');
  await owner.say('session.open', openMessage('s1'));
  owner.close();
  await provider.settle();
  await provider.inTime(provider.server.setTenant(tenant('acme', { quotaBytes: 5_000 })));
  const again = await provider.connectTenant('acme');
  await provider.settle();
  expect(again.heard.map(({ type, header }) => [type, header.session ?? null])).toEqual([
    ['hello.challenge', null],
    ['hello.accepted', null],
    ['quota.raised', 's1'],
  ]);
});

test('F1: a mover that was replaced is no longer heard', async () => {
  const provider = await openProvider(TENANTS);
  const owner = await provider.connectTenant('acme');
  const [opened] = await owner.say('session.open', openMessage('s1'));
  const ticket = String(opened?.header.ticket);
  const old = await connectMover(provider, 's1', ticket);
  const fresh = await connectMover(provider, 's1', ticket);
  expect(await old.client.say('credential.request', CREDENTIAL_REQUEST)).toEqual([]);
  expect(old.client.closedBecause).not.toBeNull();
  const [delivered] = await fresh.client.say('credential.request', CREDENTIAL_REQUEST);
  const terms = delivered?.header as unknown as DeliveryTerms;
  const context = { session: 's1', requestId: 'r1', generation: 1, terms };
  const sealed = Buffer.from(delivered?.payload ?? new Uint8Array());
  expect(fresh.box.open(sealed, context).generation).toBe(1);
  expect(() => old.box.open(sealed, context)).toThrow();
});

test.each(['AAAA', Buffer.alloc(32).toString('base64url')])(
  'a mover with the key %j is refused and brings nobody down',
  async (publicKey) => {
    const provider = await openProvider(TENANTS);
    const owner = await provider.connectTenant('acme');
    const [opened] = await owner.say('session.open', openMessage('s1'));
    const attacker = await provider.connect();
    const { ticket } = opened?.header ?? {};
    await attacker.say('hello', {
      kind: 'mover',
      session: 's1',
      ticket: String(ticket),
      publicKey,
      proof: proveMover(sessionKeyOf(tenantKeyOf('secret of acme'), 's1'), publicKey),
    });
    const [answer] = await attacker.say('credential.request', CREDENTIAL_REQUEST);
    expect(answer).toMatchObject({
      type: 'credential.refuse',
      header: { code: 'protocol.violation' },
    });
    await expectUnharmed(provider, attacker);
  },
);

test('data connections without the ticket of an open route are cut off', async () => {
  const provider = await openProvider(TENANTS);
  const attacker = await provider.connect();
  expect(await attacker.say('data.hello', { session: 's1', ticket: 'guess' })).toEqual([]);
  expect(attacker.closedBecause).not.toBeNull();
  await expectUnharmed(provider, attacker);
});

test('P5: a refused tenant is not asked again by a timer', async () => {
  const provider = await openProvider(TENANTS);
  const refusals: string[] = [];
  let hellos = 0;
  const connection = createSpConnection({
    clock: provider.clock,
    dialer: { dial: () => provider.network.dial(provider.gateway.address) },
    address: provider.gateway.address,
    hello: () => {
      hellos += 1;
      return { kind: 'tenant', tenant: 'acme' };
    },
    onUp: () => refusals.push('up'),
    onDown: () => {},
    onRefused: (code) => refusals.push(code),
    onMessage: () => {},
    onError: (error) => provider.errors.push(error),
  });
  connection.require();
  for (let minute = 0; minute < 90; minute += 1) await provider.settle();
  expect([refusals, hellos]).toEqual([['channel.refused'], 1]);
});

test('I49: a proof is good for one challenge only, and the secret never crosses the gateway', async () => {
  const provider = await openProvider(TENANTS);
  const honest = await provider.connect();
  const [challenge] = await honest.say('hello', { kind: 'tenant', tenant: 'acme' });
  const proof = answerChallenge(tenantKeyOf('secret of acme'), String(challenge?.header.nonce));
  expect(JSON.stringify([challenge, proof])).not.toContain('secret of acme');
  const attacker = await provider.connect();
  await attacker.say('hello', { kind: 'tenant', tenant: 'acme' });
  const [answer] = await attacker.say('hello.proof', { proof });
  expect(answer).toMatchObject({ type: 'hello.refused', header: { code: 'channel.refused' } });
  await expectUnharmed(provider, attacker);
});

test('F44: a key that a gateway put in the place of the mover’s is refused', async () => {
  const provider = await openProvider(TENANTS);
  const owner = await provider.connectTenant('acme');
  const [opened] = await owner.say('session.open', openMessage('s1'));
  const ticket = String(opened?.header.ticket);
  const mover = new CredentialBox();
  const gatewayOwn = new CredentialBox();
  const sessionKey = sessionKeyOf(tenantKeyOf('secret of acme'), 's1');
  const proof = proveMover(sessionKey, mover.publicKey);
  for (const given of [proof, null, '', 'x'.repeat(43)]) {
    const attacker = await provider.connect();
    const hello = {
      kind: 'mover',
      session: 's1',
      ticket,
      publicKey: gatewayOwn.publicKey,
      proof: given,
    };
    const [answer] = await attacker.say('hello', hello);
    expect(answer).toMatchObject({ type: 'hello.refused', header: { code: 'session.unknown' } });
    expect(await attacker.say('credential.request', CREDENTIAL_REQUEST)).toEqual([]);
  }
});

test('I2, I41: no tenant gets the repository credential of a gateway route to a key of its own', async () => {
  const provider = await openProvider(TENANTS);
  provider.server.setRepository({
    ...REPOSITORY,
    mode: 'gateway',
    access: null,
    gatewayServer: 'gs',
  });
  const owner = await provider.connectTenant('acme');
  const [opened] = await owner.say('session.open', openMessage('s1'));
  expect(opened?.header.route).toMatchObject({ dataPath: 'gateway', credential: 'none' });
  const { client, answer } = await connectMover(provider, 's1', String(opened?.header.ticket));
  expect(answer).toMatchObject({ type: 'hello.refused', header: { code: 'session.unknown' } });
  expect(await client.say('credential.request', CREDENTIAL_REQUEST)).toEqual([]);
  expect(client.heard.map(({ type }) => type)).not.toContain('credential.deliver');
});

test('C22: a tenant that is disabled while its session runs is refused its credential', async () => {
  const provider = await openProvider(TENANTS);
  const owner = await provider.connectTenant('acme');
  const [opened] = await owner.say('session.open', openMessage('s1'));
  const mover = await connectMover(provider, 's1', String(opened?.header.ticket));
  await provider.inTime(provider.server.setTenant(tenant('acme', { disabled: true })));
  const answers = await mover.client.say('credential.request', CREDENTIAL_REQUEST);
  expect(answers.map(({ type, header }) => [type, header.code])).toEqual([
    ['credential.refuse', 'tenant.disabled'],
  ]);
});
