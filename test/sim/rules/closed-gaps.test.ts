import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { MemoryBucket } from '../../../adapters/memory/bucket.ts';
import { createMemoryIssuer } from '../../../adapters/memory/issuer.ts';
import { createMemoryObjectStore } from '../../../adapters/memory/object-store.ts';
import {
  changes,
  initialContext,
} from '../../../machines/backup-session/backup-session.actions.ts';
import { credentialLifecycleMachine } from '../../../machines/credential-lifecycle/index.ts';
import type { LogEvent } from '../../../machines/ports/event-log.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import type { StorageCredential } from '../../../machines/ports/storage-credential.ts';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../../machines/rules/time.ts';
import { createVirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import { codeOf, pattern } from '../../contract/store-content.ts';
import { record } from '../trace/recorded.ts';

/** The longest wait of `adapters/wrap/backoff.ts`, and what a request takes in memory. */
const LONGEST_WAIT_MS = 20 * SECOND_MS;
const REQUEST_MS = 5;
/** How long a scope's desk waits for the issuer (`lifecycle-settings.ts`). */
const ISSUE_TIMEOUT_MS = 2 * MINUTE_MS;

interface Parts {
  readonly repository: string;
  readonly steps: readonly string[];
}

function scenario({ repository, steps }: Parts): string {
  return [
    'version: 1',
    'title: a rule of its own',
    'seed: 14',
    'start: 2026-01-05T08:00:00Z',
    'storages: [{ name: minio, kind: s3-compatible, longestSession: 365d }]',
    `repositories: [{ name: vault, storage: minio, ${repository} }]`,
    'tenants: [{ name: acme, quota: 16MiB }]',
    'jobs:',
    '  - name: files',
    '    tenant: acme',
    '    repository: vault',
    '    source: { synthetic: { files: 2, size: 512KiB } }',
    '    blockSize: 64KiB',
    'steps:',
    ...steps.map((step) => `  - ${step}`),
    '',
  ].join('\n');
}

const ofType = (events: readonly LogEvent[], type: string): readonly LogEvent[] =>
  events.filter((event) => event.type === type);

describe('rules that no other test asks for by themselves', () => {
  test('M9: direct, and the storage answers nothing: the session fails, and no byte takes the gateway', async () => {
    const { events } = await record(
      scenario({
        repository: 'mode: direct, access: iam-sts',
        steps: [
          '{ run: files, expect: done }',
          '{ fault: { site: storage, nth: 1, down: 2d } }',
          '{ run: files }',
        ],
      }),
    );
    const ends = ofType(events, 'session.ended').map(({ data }) => data.state);
    expect(ends).toEqual(['done', 'failed']);
    const routes = ofType(events, 'route.selected').map(({ data }) => data.dataPath);
    expect(routes).toEqual(['direct', 'direct']);
    const hosts = ofType(events, 'mover.started').map(({ data }) => data.host);
    expect(new Set(hosts)).toEqual(new Set(['sourceProxy']));
    const hops = ofType(events, 'hop.bytes').flatMap(({ data }) => [data.from, data.to]);
    expect(hops).not.toContain('gateway');
  });

  test('L10: the option is set from nothing to IAM/STS: the next session goes direct, no earlier', async () => {
    const { events } = await record(
      scenario({
        repository: 'mode: direct',
        steps: [
          '{ run: files, expect: done }',
          '{ set: { repository: vault, access: iam-sts } }',
          '{ run: files, expect: done }',
        ],
      }),
    );
    const routes = ofType(events, 'route.selected').map(({ data }) => [
      data.dataPath,
      data.assumed,
    ]);
    expect(routes).toEqual([
      ['gateway', true],
      ['direct', false],
    ]);
  });

  test('L5: when the storage no longer says slow down, the next put is stored within the longest wait', async () => {
    const { events } = await record(
      scenario({
        repository: 'mode: direct, access: iam-sts',
        steps: [
          '{ fault: { site: storage, operation: PutObject, nth: 3, repeat: 8, error: SlowDown } }',
          '{ run: files, expect: done }',
        ],
      }),
    );
    const puts = ofType(events, 'storage.used').filter(({ data }) => data.operation === 'put');
    const throttled = puts.filter(({ data }) => data.status !== 'ok');
    expect(throttled).toHaveLength(8);
    const lastAt = Number(throttled.at(-1)?.data.endedAt);
    const next = puts.find(({ data }) => data.status === 'ok' && Number(data.endedAt) > lastAt);
    expect(Number(next?.data.endedAt) - lastAt).toBeLessThanOrEqual(LONGEST_WAIT_MS + REQUEST_MS);
  });

  test('L12: the SP dies with an issue in flight: the next who asks gets a credential, well within the timeout', async () => {
    const text = scenario({
      repository: 'mode: direct, access: iam-sts',
      steps: ['{ run: files }', '{ run: files, expect: done }'],
    });
    const whole = await record(text);
    const position = whole.events.findIndex(({ type }) => type === 'credential.issued');
    const { events } = await record(text, [{ position, act: 'restartProvider' }]);
    const first = events.filter(({ session }) => session === 's1');
    expect(ofType(first, 'credential.requested')).toHaveLength(1);
    expect(ofType(first, 'credential.delivered')).toHaveLength(0);
    const [asked] = ofType(events, 'credential.requested').filter(
      ({ session }) => session === 's2',
    );
    const [given] = ofType(events, 'credential.delivered');
    expect(given?.session).toBe('s2');
    expect(Number(given?.at) - Number(asked?.at)).toBeLessThan(ISSUE_TIMEOUT_MS);
  });

  test.each(['immediate', 'delayed', 'never'] as const)(
    'I34: revocation %s: a superseded generation works until its own end, whatever was issued since',
    async (revocation) => {
      const clock = createVirtualClock(1_000_000);
      const owner: StorageCredential = {
        kind: 's3-keys',
        keyId: 'owner',
        secretKey: new Secret('owner-secret'),
        sessionToken: null,
        generation: 0,
        expiresAt: null,
      };
      const bucket = new MemoryBucket(owner);
      const issuer = createMemoryIssuer({ bucket, clock, capabilities: { revocation } });
      const scope = { repository: 'vault', tenant: 'T1', subtenant: null };
      const issue = (generation: number) =>
        issuer.issue({ scope, generation, lifetimeMs: 30 * DAY_MS, at: clock.now() });
      const first = await issue(1);
      clock.advanceTo(clock.now() + 16 * DAY_MS);
      const second = await issue(2);
      const key = 'Veeam/Backup/vault/Clients/T1/one';
      const old = createMemoryObjectStore({ bucket, credential: first, clock, latencyMs: 0 });
      const fresh = createMemoryObjectStore({ bucket, credential: second, clock, latencyMs: 0 });
      expect((await old.put(key, pattern(1))).sizeBytes).toBe(1);
      clock.advanceTo(Number(first.expiresAt) - 1);
      expect((await old.put(key, pattern(2))).sizeBytes).toBe(2);
      clock.advanceTo(Number(first.expiresAt));
      expect(await codeOf(old.put(key, pattern(3)))).toBe('credential.expired');
      expect((await fresh.put(key, pattern(3))).sizeBytes).toBe(3);
    },
  );

  test('C22: a disabled scope asks for the revocation of every generation that is alive', () => {
    const life = (generation: number) => ({ generation, issuedAt: 0, expiresAt: 30 * DAY_MS });
    const settings = {
      scopeId: 'acme/vault',
      lifetimeMs: 30 * DAY_MS,
      renewBelowMs: 15 * DAY_MS,
      includesLine: false,
      checkedAt: 'request',
      checkClock: 'tenant',
      strictRenewal: false,
      generationsMax: 2,
      issueTimeoutMs: ISSUE_TIMEOUT_MS,
      issueAttemptsMax: 1,
      retryFirstMs: SECOND_MS,
      retryCapMs: MINUTE_MS,
      revokeAttemptsMax: 1,
    } as const;
    const input = { settings, current: life(2), older: [life(1)], lastGeneration: 2 };
    const actor = createActor(credentialLifecycleMachine, { input });
    const revoked: number[] = [];
    actor.on('issuer.revoke', ({ generation }) => revoked.push(generation));
    actor.start();
    actor.send({ type: 'scope.disabled', at: DAY_MS });
    expect(revoked).toEqual([1, 2]);
  });
});

test.each(['reconnect', 'proactive'] as const)(
  'C15, %s: a running session stops starting requests a margin before the end',
  (inSession) => {
    const sessionInput = {
      sessionId: 's1',
      startedAt: 0,
      operation: 'backup',
      inSession,
      marginMs: 5 * MINUTE_MS,
      reconnectBudgetMs: MINUTE_MS,
      answerTimeoutMs: MINUTE_MS,
      restartsMax: 3,
      heartbeatMs: MINUTE_MS,
      quotaWaitMs: 0,
    } as const;
    const credential = { generation: 1, expiresAt: DAY_MS, degraded: false };
    const context = { ...initialContext({ input: sessionInput }), credential };
    const event = { type: 'channel.up', at: 0 } as const;
    const { deadlines } = changes.armRunning({ context, event });
    expect(deadlines?.stopStarting).toBe(DAY_MS - 5 * MINUTE_MS);
  },
);
