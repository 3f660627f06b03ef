import { describe, expect, test } from 'vitest';
import { AWS_ASSUME_ROLE } from '../../../adapters/aws/capabilities.ts';
import { createAwsObjectStore } from '../../../adapters/aws/object-store.ts';
import { awsEndpoint, createS3Client } from '../../../adapters/s3/client.ts';
import { S3_DIALECTS } from '../../../adapters/s3/dialects.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import { issuerMaximumMs } from '../../../machines/rules/issuers.ts';
import { createVirtualClock } from '../../../sim/kernel/virtual-clock.ts';
import { START_AT } from '../../contract/store-world.ts';

const options = {
  location: { storage: 'aws', endpoint: null, region: 'eu-central-1', bucket: 'vault' },
  credential: {
    kind: 's3-keys',
    keyId: 'AKIATEST',
    secretKey: new Secret('aws-secret'),
    sessionToken: null,
    generation: 0,
    expiresAt: null,
  },
  clock: createVirtualClock(START_AT),
} as const;

describe('AWS', () => {
  test.each([
    ['s3', 'eu-central-1', 'https://s3.eu-central-1.amazonaws.com'],
    ['sts', 'us-east-1', 'https://sts.us-east-1.amazonaws.com'],
    ['s3', 'cn-north-1', 'https://s3.cn-north-1.amazonaws.com.cn'],
  ] as const)('the endpoint of %s in %s', (service, region, expected) => {
    expect(awsEndpoint(service, region)).toBe(expected);
  });

  test('I39 the bucket is asked at its own host, whatever the environment says', async () => {
    process.env.AWS_ENDPOINT_URL = 'http://evil.example';
    const client = createS3Client({ ...options, dialect: S3_DIALECTS.aws, socketsMax: 1 });
    try {
      const hosts: string[] = [];
      client.middlewareStack.add(
        () => async (args) => {
          const request = args.request as { readonly hostname: string; readonly protocol: string };
          hosts.push(`${request.protocol}//${request.hostname}`);
          throw new Error('not sent');
        },
        { step: 'finalizeRequest', priority: 'low' },
      );
      await client.config.endpoint?.();
      const { HeadBucketCommand } = await import('@aws-sdk/client-s3');
      await client.send(new HeadBucketCommand({ Bucket: 'vault' })).catch(() => undefined);
      expect(hosts).toEqual(['https://vault.s3.eu-central-1.amazonaws.com']);
    } finally {
      delete process.env.AWS_ENDPOINT_URL;
      client.destroy();
    }
  });

  test('C14 the capability agrees with what the rules say of the storage kind', () => {
    expect(AWS_ASSUME_ROLE.lifetimeMaxMs).toBe(issuerMaximumMs('aws', 'assume-role', null));
    expect(AWS_ASSUME_ROLE.lifetimeMinMs).toBe(900_000);
  });

  test.each([{ partBytes: 5 * 1024 * 1024 - 1 }, { partBytes: 6_000_000.5 }, { parallelParts: 0 }])(
    'tuning %j is refused',
    (tuning) => {
      expect(() => createAwsObjectStore({ ...options, ...tuning })).toThrow(RangeError);
    },
  );
});
