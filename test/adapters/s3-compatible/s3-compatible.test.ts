import { describe, expect, test } from 'vitest';
import { S3_COMPATIBLE_ASSUME_ROLE } from '../../../adapters/s3-compatible/capabilities.ts';
import { createS3CompatibleObjectStore } from '../../../adapters/s3-compatible/object-store.ts';
import { issuerMaximumMs } from '../../../machines/rules/issuers.ts';
import { codeOf, pattern } from '../../contract/store-content.ts';
import { PART_BYTES } from '../../contract/store-world.ts';
import { httpWorld } from '../../contract/worlds.ts';

describe('S3-compatible', () => {
  test('C14 the capability agrees with what the rules say of the storage kind', () => {
    expect(S3_COMPATIBLE_ASSUME_ROLE.lifetimeMaxMs).toBe(
      issuerMaximumMs('s3-compatible', 'assume-role', null),
    );
  });

  test.each(['default', 'ceph'] as const)(
    'server %s: a store by name, with its record',
    async (server) => {
      const world = await httpWorld();
      const { clock, location, ownerCredential: credential } = world;
      const store = createS3CompatibleObjectStore({ location, credential, clock, server });
      expect(store.properties).toEqual({
        name: server === 'ceph' ? 'ceph' : 's3-compatible',
        partBytes: 16 * 1024 * 1024,
        parallelParts: 4,
        hasConditionalWrites: true,
        deleteBatchMax: 1000,
      });
      expect(await codeOf(store.put('key', pattern(PART_BYTES)))).toBe('resolved');
      store.close();
      await world.close();
    },
  );
});
