import { describe, expect, test, vi } from 'vitest';
import {
  azureWorld,
  gcsWorld,
  s3World,
  troubles,
  type VerifyWorld,
  verdicts,
  verifyWorld,
} from './worlds.ts';

/** A thousand requests each: slow where many tests share a core. */
vi.setConfig({ testTimeout: 180_000 });

const GOOD: readonly [string, () => Promise<VerifyWorld>][] = [
  ['s3-compatible by AssumeRole', () => s3World({ issuer: 'assume-role' })],
  ['s3-compatible by IAM users', () => s3World({ issuer: 'iam-user' })],
  ['MinIO by AssumeRole', () => s3World({ issuer: 'assume-role', profile: 'minio' })],
  ['AWS by IAM users', () => s3World({ kind: 'aws', issuer: 'iam-user' })],
  ['AWS by GetFederationToken', () => s3World({ kind: 'aws', issuer: 'federation-token' })],
  ['AWS by AssumeRole', () => s3World({ kind: 'aws', issuer: 'assume-role' })],
  ['Azure, directories', () => azureWorld({ hasDirectories: true })],
  ['Azure, containers', () => azureWorld({ hasDirectories: false })],
  ['Azure, stored policies', () => azureWorld({ hasDirectories: false, storedAccessPolicy: true })],
  ['Azure by Entra ID', () => azureWorld({ hasDirectories: true, issuer: 'user-delegation-sas' })],
  [
    'Azure by Entra ID, containers',
    () => azureWorld({ hasDirectories: false, issuer: 'user-delegation-sas' }),
  ],
  ['Google by downscoped tokens', () => gcsWorld('downscoped-token')],
  ['Google by HMAC keys', () => gcsWorld('hmac-key')],
];

describe('every kind and issuer of our endpoints passes', () => {
  test.each(GOOD)('%s', async (_name, create) => {
    const world = await create();
    const before = world.bucketNames();
    try {
      const report = await verifyWorld(world);
      expect(troubles(report)).toEqual([]);
      expect(report.end).toBe('passed');
      expect(report.leftovers).toEqual([]);
      expect(verdicts(report)).toMatchObject({ 'clean-up': 'pass', 'C9-twin-prefix': 'pass' });
      expect(world.bucketNames()).toEqual(before);
    } finally {
      await world.close();
    }
  });
});
