import type { S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { S3_DIALECTS, type S3Dialect } from '../../../adapters/s3/dialects.ts';
import { createRemoval } from '../../../adapters/s3/removal.ts';
import { createS3Requests } from '../../../adapters/s3/requests.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import { createVirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import { codeOf } from '../../contract/store-content.ts';

type Input = { Key?: string; Delete?: { Objects: { Key: string }[] } };

/** What the SDK throws for an answer of this kind. */
function answer(code: string, status: number): Error {
  return Object.assign(new Error(code), { name: code, $metadata: { httpStatusCode: status } });
}

function removal(
  dialect: S3Dialect,
  respond: (keys: readonly string[], isBatch: boolean) => object,
) {
  const sent: string[][] = [];
  const client = {
    async send({ input }: { readonly input: Input }) {
      const batch = input.Delete?.Objects.map(({ Key }) => Key);
      const keys = batch ?? [input.Key ?? ''];
      sent.push(keys);
      return respond(keys, batch !== undefined);
    },
    destroy() {},
  } as unknown as S3Client;
  const requests = createS3Requests({
    client,
    bucket: 'vault',
    dialect,
    credential: {
      kind: 's3-keys',
      keyId: 'k',
      secretKey: new Secret('secret-of-the-key'),
      sessionToken: null,
      generation: 1,
      expiresAt: null,
    },
    clock: createVirtualClock(0),
    refusesExpired: true,
  });
  return { remove: createRemoval(requests), sent };
}

const CEPH = { ...S3_DIALECTS['s3-compatible'], deleteBatchMax: 3 };
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

test('in batches where there are such, a single key by itself, each key once', async () => {
  const { remove, sent } = removal(CEPH, () => ({}));
  await remove([...KEYS, 'a']);
  expect(sent).toEqual([['a', 'b', 'c'], ['d', 'e', 'f'], ['g']]);
});

test('Google: one request a key, and a key that is not there is removed', async () => {
  const { remove, sent } = removal(S3_DIALECTS['gcs-xml'], ([key]) => {
    if (key === 'b') throw answer('NoSuchKey', 404);
    return {};
  });
  await remove(KEYS);
  expect(sent).toEqual(KEYS.map((key) => [key]));
});

test('Ceph 16: a batch that is denied goes key by key, and no batch is tried again', async () => {
  const { remove, sent } = removal(CEPH, (_keys, isBatch) => {
    if (isBatch) throw answer('AccessDenied', 403);
    return {};
  });
  await remove(['a', 'b']);
  await remove(['c', 'd']);
  expect(sent).toEqual([['a', 'b'], ['a'], ['b'], ['c'], ['d']]);
});

test('what is denied key by key as well is access.denied', async () => {
  const { remove } = removal(CEPH, () => {
    throw answer('AccessDenied', 403);
  });
  expect(await codeOf(remove(['a', 'b']))).toBe('access.denied');
});

test('I44 a batch that was taken, and one of its keys denied, is not tried otherwise', async () => {
  const { remove, sent } = removal(CEPH, () => ({ Errors: [{ Key: 'b', Code: 'AccessDenied' }] }));
  expect(await codeOf(remove(['a', 'b']))).toBe('access.denied');
  expect(sent).toEqual([['a', 'b']]);
});

test('another failure of a batch is told as it is', async () => {
  const { remove, sent } = removal(CEPH, () => {
    throw answer('SlowDown', 503);
  });
  expect(await codeOf(remove(['a', 'b']))).toBe('storage.throttled');
  expect(sent).toHaveLength(1);
});

test('the first key that fails ends it: no further request starts', async () => {
  const { remove, sent } = removal(S3_DIALECTS['gcs-xml'], () => {
    throw answer('InternalError', 500);
  });
  const many = Array.from({ length: 50 }, (_, index) => `k${index}`);
  expect(await codeOf(remove(many))).toBe('storage.unavailable');
  expect(sent.length).toBeLessThan(10);
});
