import { describe, expect, test, vi } from 'vitest';
import { bucketPath } from '../../../adapters/aws/iam-names.ts';
import { IamUsers } from '../../../adapters/aws/iam-users.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import { HOUR_MS, MINUTE_MS } from '../../../machines/rules/time.ts';
import { REACH_POINTS } from '../../../sim/verify/points/reach.ts';
import { junitDocument } from '../../../sim/verify/report/junit.ts';
import type { VerifyReport } from '../../../sim/verify/run.ts';
import type { Subject } from '../../../sim/verify/subject.ts';
import {
  azureWorld,
  ENVIRONMENT,
  s3World,
  troubles,
  type VerifyWorld,
  verdicts,
  verifyWorld,
} from './worlds.ts';

/** A thousand requests each: slow where many tests share a core. */
vi.setConfig({ testTimeout: 180_000 });

/** Runs until a point is told, then stops as Ctrl-C does; what came so far is in the report. */
async function runUntil(
  world: VerifyWorld,
  id: string,
  lines: readonly string[] = [],
): Promise<VerifyReport> {
  const stop = new AbortController();
  return verifyWorld(world, {
    lines,
    signal: stop.signal,
    onPoint: (point) => {
      if (point.id === id) stop.abort('SIGINT');
    },
  });
}

async function withWorld(
  create: Promise<VerifyWorld>,
  work: (world: VerifyWorld) => Promise<void>,
): Promise<void> {
  const world = await create;
  try {
    await work(world);
  } finally {
    await world.close();
  }
}

async function usersLeft(world: VerifyWorld): Promise<number> {
  const endpoint = world.lines.find((line) => line.startsWith('endpoint: '))?.slice(10) ?? '';
  const users = new IamUsers({
    endpoint,
    region: 'us-east-1',
    credential: {
      kind: 's3-keys',
      keyId: ENVIRONMENT.SP_KEY,
      secretKey: new Secret(ENVIRONMENT.SP_SECRET),
      sessionToken: null,
      generation: 0,
      expiresAt: null,
    },
    clock: world.clock,
  });
  const found = await users.list(bucketPath('vault'));
  users.close();
  return found.length;
}

describe('what is left behind', () => {
  test('F3, I74, I75 after Ctrl-C nothing: no object, no user, no key', () =>
    withWorld(s3World({ issuer: 'iam-user' }), async (world) => {
      const report = await runUntil(world, 'I46-large', ['repository: again']);
      expect(report.end).toBe('stopped');
      expect(report.points.at(-1)).toMatchObject({ id: 'clean-up', verdict: 'pass' });
      expect(report.points.some(({ id }) => id === 'C10-expiry')).toBe(false);
      expect(await usersLeft(world)).toBe(0);
      // A place that is in use is refused, so the second run proves that the first left none.
      const second = await runUntil(world, 'owner-credential', ['repository: again']);
      expect(verdicts(second)).toMatchObject({ 'owner-credential': 'pass', 'clean-up': 'pass' });
    }));

  test('what cannot be removed is told, and fails the run', () =>
    withWorld(s3World({ issuer: 'assume-role' }), async (world) => {
      const stop = new AbortController();
      const report = await verifyWorld(world, {
        lines: ['repository: again'],
        signal: stop.signal,
        onPoint: ({ id }) => {
          if (id !== 'C5-issue') return;
          const broken = { kind: 'error', code: 'InternalError', status: 500, nth: 1 } as const;
          world.faults.add({ ...broken, operation: 'DeleteObjects', repeat: 1_000 });
          stop.abort('SIGINT');
        },
      });
      expect(report.points.at(-1)).toMatchObject({ id: 'clean-up', verdict: 'fail' });
      expect(report.leftovers.join()).toContain('objects below Veeam/Backup/again/');
      world.faults.clear();
      const second = await verifyWorld(world, { lines: ['repository: again'] });
      expect(second.end).toBe('unreachable');
      const owner = second.points.find(({ id }) => id === 'owner-credential');
      expect(owner?.answered).toContain('the place is in use');
      expect(
        second.points.some(({ id }) => id === 'clean-up'),
        'nothing of others goes',
      ).toBe(false);
    }));

  test('a container that is there already is never taken for ours', () =>
    withWorld(azureWorld({ hasDirectories: false }), async (world) => {
      const lines = ['repository: again'];
      const stop = new AbortController();
      const report = await verifyWorld(world, {
        lines,
        signal: stop.signal,
        onPoint: ({ id }) => {
          if (id !== 'owner-credential') return;
          const refused = { kind: 'error', code: 'InternalError', status: 500, nth: 1 } as const;
          world.faults.add({ ...refused, operation: 'DeleteContainer', repeat: 1_000 });
          stop.abort('SIGINT');
        },
      });
      expect(report.leftovers).toHaveLength(4);
      world.faults.clear();
      const before = world.bucketNames();
      const second = await verifyWorld(world, { lines });
      expect(second.end).toBe('unreachable');
      expect(world.bucketNames()).toEqual(before);
    }));
});

describe('how a run ends', () => {
  test('F9 nobody answers: unreachable, and nothing else is said', () =>
    withWorld(s3World({ issuer: 'assume-role' }), async (world) => {
      await world.close();
      const report = await verifyWorld(world);
      expect(report.end).toBe('unreachable');
      expect(verdicts(report)['reach-endpoint']).toBe('fail');
      expect(report.points[0]?.answered).toContain('ECONNREFUSED');
      expect(report.counts).toMatchObject({ pass: 0, fail: 1 });
      expect(report.points.some(({ id }) => id === 'clean-up')).toBe(false);
    }));

  test('the owner has a wrong secret: unreachable', () =>
    withWorld(s3World({ issuer: 'assume-role' }), async (world) => {
      const environment = { ...ENVIRONMENT, SP_SECRET: 'another-secret' };
      const report = await verifyWorld(world, { environment });
      expect(report.end).toBe('unreachable');
      const owner = report.points.find(({ id }) => id === 'owner-credential');
      expect(owner?.answered).toContain('credential.invalid');
      expect(JSON.stringify(report)).not.toContain('another-secret');
    }));

  test('a storage that is busy leaves a point open: inconclusive', () =>
    withWorld(s3World({ issuer: 'assume-role' }), async (world) => {
      const busy = { kind: 'error', code: 'SlowDown', status: 503, nth: 1, repeat: 9 } as const;
      const report = await verifyWorld(world, {
        onPoint: ({ id }) => {
          if (id === 'C9-missing-foreign') {
            world.faults.add({ ...busy, operation: 'ListMultipartUploads' });
          }
          if (id === 'C9-upload-listing') world.faults.clear();
        },
      });
      expect(troubles(report)).toEqual([expect.stringContaining('C9-upload-listing inconclusive')]);
      expect(report.end).toBe('inconclusive');
    }));

  test('the time limit ends a run, with what is open said', () =>
    withWorld(s3World({ issuer: 'assume-role' }), async (world) => {
      const report = await verifyWorld(world, { lines: ['timeLimit: 1ms'] });
      expect(report.counts).toMatchObject({ pass: 0, fail: 0 });
      expect(report.points[0]?.answered).toBe('no end within 1ms');
      expect(report.points[1]?.answered).toContain('not tried');
      expect(report.leftovers).toEqual([]);
    }));

  test('16 minutes of clock skew are told before anything is written', () => {
    const storageNow = (): number => Date.UTC(2030, 0, 1) + 16 * MINUTE_MS;
    return withWorld(s3World({ issuer: 'assume-role', storageNow }), async (world) => {
      const report = await verifyWorld(world);
      expect(report.points[0]).toMatchObject({ id: 'reach-endpoint', verdict: 'fail' });
      expect(report.points[0]?.answered).toContain('16m ahead');
      expect(report.points[0]?.remedy).toContain('set the clock');
    });
  });

  test.each([
    ['fails where the settings expect 14 days', [], 'fail', '14d would be needed'],
    ['passes where they know', ['longestSession: 12h'], 'pass', '12h granted'],
  ])('C14 a role that allows 12h %s', (_name, lines, verdict, answered) =>
    withWorld(s3World({ issuer: 'assume-role', longestSessionMs: 12 * HOUR_MS }), async (world) => {
      const report = await runUntil(world, 'C14-lifetime', lines);
      const point = report.points.find(({ id }) => id === 'C14-lifetime');
      expect(point).toMatchObject({ verdict });
      expect(point?.answered).toContain(answered);
    }),
  );

  test.each([
    ['https://s3.example.com', 'pass'],
    ['http://127.0.0.1:9000', 'not-applicable'],
    ['http://s3.example.com', 'fail'],
    ['http://127.0.0.1.example.com', 'fail'],
  ])('TLS is demanded of %s: %s', async (endpoint, verdict) => {
    const target = { kind: 'aws', stsEndpoint: null, iamEndpoint: null };
    const subject = { access: { endpoint }, target } as unknown as Subject;
    const point = REACH_POINTS.find(({ id }) => id === 'reach-tls');
    expect(await point?.run(subject)).toMatchObject({ verdict });
  });
});

test('JUnit: a failure, an error, a skipped and a good point, with odd signs escaped', () => {
  const point = { rules: ['C9'], title: 'a < b', sent: '"s"', durationMs: 1500 };
  const report = {
    end: 'failed',
    repository: 'r',
    leftovers: [],
    counts: { pass: 1, fail: 1, inconclusive: 1, 'not-applicable': 1 },
    points: [
      { ...point, id: 'one', verdict: 'pass', answered: 'yes', remedy: '' },
      { ...point, id: 'two', verdict: 'fail', answered: 'a & \u0001b', remedy: 'do <it>' },
      { ...point, id: 'three', verdict: 'inconclusive', answered: 'no word', remedy: 'again' },
      { ...point, id: 'four', verdict: 'not-applicable', answered: 'cannot', remedy: '' },
    ],
  } as const;
  const text = junitDocument(report, 't.yaml');
  expect(text).toContain('tests="4" failures="1" errors="1" skipped="1" time="6.000"');
  expect(text).toContain('<failure message="a &amp; ?b">');
  expect(text).toContain('remedy: do &lt;it&gt;</failure>');
  expect(text).toContain('<error message="no word">');
  expect(text).toContain('<skipped message="cannot"/>');
  expect(text.match(/<testcase /g)).toHaveLength(4);
});
