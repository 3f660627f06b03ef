import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { azureFamily } from '../../../../sim/storage/azure/family.ts';
import type { RunningFamily } from '../../../../sim/storage/families.ts';
import { createFaultTable } from '../../../../sim/storage/index.ts';
import { CONTAINER, DAY_MS, HOUR_MS, namesIn, ONE_TRY, outcome, START } from './lab.ts';

describe('the Azure family of `fortnight storage`', () => {
  let at = START;
  let family: RunningFamily;
  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: START });
    family = await azureFamily.start({
      clock: { now: () => at },
      host: '127.0.0.1',
      port: 0,
      state: { kind: 'memory' },
      profile: 'aws',
      faults: createFaultTable(),
      buckets: [CONTAINER],
      ownerSeed: Buffer.alloc(64, 7),
      wait: () => Promise.resolve(),
    });
  });
  beforeEach(() => {
    at = START;
  });
  afterAll(async () => {
    await family.close();
    vi.useRealTimers();
  });

  it('prints settings that work', async () => {
    const lines = family.clientSettings().flatMap((settings) => settings.lines);
    const connection = /fromConnectionString\('([^']*)'\)/.exec(lines.join('\n'))![1]!;
    const service = BlobServiceClient.fromConnectionString(connection, ONE_TRY);
    const container = service.getContainerClient(CONTAINER);
    await container.getBlockBlobClient('dir/x').upload('x', 1);
    expect(await namesIn(container)).toEqual(['dir/x']);
    expect(family.decisions().at(-1)).toMatchObject({ allowed: true, action: 'ListBlobs' });
  });

  it('issues keys for a directory that end when they say', async () => {
    const issued = family.issueKeys({ bucket: CONTAINER, prefix: 'dir/', durationMs: DAY_MS });
    expect(issued.expiresAt).toBe(START + DAY_MS);
    const { AZURE_STORAGE_SERVICE_ENDPOINT: url, AZURE_STORAGE_SAS_TOKEN: sas } =
      issued.environment;
    const service = new BlobServiceClient(`${url}?${sas}`, undefined, ONE_TRY);
    const container = service.getContainerClient(CONTAINER);
    expect(await outcome(namesIn(container, 'dir/'))).toBe('ok');
    expect(await outcome(namesIn(container))).toBe('403 AuthorizationFailure');
    at = issued.expiresAt;
    expect(await outcome(namesIn(container, 'dir/'))).toBe('403 AuthenticationFailed');
  });

  it.each([
    ['prefix.invalid', { bucket: CONTAINER, prefix: 'a/../b', durationMs: HOUR_MS }],
    ['bucket.invalid', { bucket: 'No', prefix: '', durationMs: HOUR_MS }],
    ['duration.invalid', { bucket: CONTAINER, prefix: '', durationMs: 1 }],
  ])('refuses keys: %s', (code, request) => {
    expect(() => family.issueKeys(request)).toThrow(expect.objectContaining({ code }));
  });
});
