import { createHttpHeaders, createPipelineRequest } from '@azure/core-rest-pipeline';
import {
  BlobSASPermissions,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
  type WebResource,
} from '@azure/storage-blob';
import { storageSharedKeyCredentialPolicy } from '@azure/storage-common';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type DelegationKey,
  delegationSas,
  SAS_VERSION,
  sasKeyId,
  sasStart,
  serviceSas,
  wholeSecond,
} from '../../../adapters/azure/sas.ts';
import { signSharedKey } from '../../../adapters/azure/shared-key.ts';
import { Secret } from '../../../machines/ports/secret.ts';
import { property } from '../../support/seed.ts';

const ACCOUNT = 'account';
const KEY = Buffer.from('key of the account').toString('base64');
const NOW = Date.UTC(2030, 0, 1);
const HOUR = 3_600_000;
const sdkCredential = new StorageSharedKeyCredential(ACCOUNT, KEY);
const accountKey = new Secret(KEY);

function fieldsOf(sas: Secret): Record<string, string> {
  return Object.fromEntries(sas.use((text) => new URLSearchParams(text)));
}

function sdkFields(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

const delegationKey: DelegationKey = {
  objectId: '11111111-1111-4111-8111-111111111111',
  tenantId: '22222222-2222-4222-8222-222222222222',
  startsAt: NOW - HOUR,
  expiresAt: NOW + HOUR,
  service: 'b',
  version: '2026-10-06',
  value: new Secret(KEY),
};
const sdkDelegationKey = {
  signedObjectId: delegationKey.objectId,
  signedTenantId: delegationKey.tenantId,
  signedStartsOn: new Date(delegationKey.startsAt),
  signedExpiresOn: new Date(delegationKey.expiresAt),
  signedService: 'b',
  signedVersion: delegationKey.version,
  value: KEY,
};

const instant = fc.integer({ min: 0, max: 4_000_000_000 }).map((second) => second * 1000);
const names = fc.array(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9@ ._-]{0,10}[A-Za-z0-9]$/), {
  minLength: 1,
  maxLength: 6,
});
const draft = fc.record({
  directory: fc.option(names.map((parts) => parts.join('/'))),
  // The SDK's blob permissions know no `l`, so directories are compared without it.
  letters: fc.subarray(['r', 'c', 'w', 'd']).filter((letters) => letters.length > 0),
  startsAt: fc.option(instant),
  expiresAt: instant,
  protocol: fc.constantFrom('https', 'https,http'),
});

describe('SAS', () => {
  for (const kind of ['service', 'delegation'] as const) {
    property(`always: a ${kind} SAS is the SDK's own, field for field`, [draft], (drawn) => {
      const { directory, expiresAt, protocol, startsAt } = drawn;
      const permissions = drawn.letters.join('') + (directory === null ? 'l' : '');
      const resource = { account: ACCOUNT, container: 'vault', directory };
      const terms = { permissions, startsAt, expiresAt };
      const shared = { resource, terms, protocol: protocol as 'https' };
      const ours =
        kind === 'service'
          ? serviceSas({ ...shared, policyId: null, accountKey })
          : delegationSas({ ...shared, key: delegationKey });
      const values = {
        version: SAS_VERSION,
        containerName: 'vault',
        ...(directory === null ? {} : { blobName: directory, isDirectory: true }),
        permissions:
          directory === null
            ? ContainerSASPermissions.parse(permissions)
            : BlobSASPermissions.parse(permissions),
        ...(startsAt === null ? {} : { startsOn: new Date(startsAt) }),
        expiresOn: new Date(expiresAt),
        protocol: protocol === 'https' ? SASProtocol.Https : SASProtocol.HttpsAndHttp,
      };
      const theirs =
        kind === 'service'
          ? generateBlobSASQueryParameters(values, sdkCredential)
          : generateBlobSASQueryParameters(values, sdkDelegationKey, ACCOUNT);
      expect(fieldsOf(ours)).toEqual(sdkFields(theirs.toString()));
    });
  }

  test('a SAS of a stored policy says nothing but its name, as the SDK does', () => {
    const resource = { account: ACCOUNT, container: 'vault', directory: null };
    const ours = serviceSas({
      resource,
      terms: null,
      policyId: 'fn-1',
      protocol: 'https',
      accountKey,
    });
    const theirs = generateBlobSASQueryParameters(
      {
        version: SAS_VERSION,
        containerName: 'vault',
        identifier: 'fn-1',
        protocol: SASProtocol.Https,
      },
      sdkCredential,
    );
    expect(fieldsOf(ours)).toEqual(sdkFields(theirs.toString()));
  });

  property(
    'always: it begins 15 to 20 minutes before, and neighbours a second apart (C13)',
    [instant, fc.nat({ max: 1_000_000 }), fc.nat({ max: 999 })],
    (second, generation, ms) => {
      const at = second + ms;
      const before = at - sasStart(at, generation);
      expect(before).toBeGreaterThanOrEqual(15 * 60_000);
      expect(before).toBeLessThanOrEqual(20 * 60_000);
      expect(sasStart(at, generation + 1)).not.toBe(sasStart(at, generation));
      expect(wholeSecond(at)).toBe(second);
    },
  );

  test('the key id is the same for the same SAS, tells two apart and holds nothing of them', () => {
    const [one, other] = [new Secret('sig=one'), new Secret('sig=other')];
    expect(sasKeyId(one)).toMatch(/^sas-[0-9a-f]{12}$/);
    expect(sasKeyId(one)).toBe(sasKeyId(new Secret('sig=one')));
    expect(sasKeyId(one)).not.toBe(sasKeyId(other));
  });
});

/** As the SDK hands a request to a policy. */
function webResource(request: ReturnType<typeof createPipelineRequest>): WebResource {
  return {
    url: request.url,
    method: request.method,
    headers: {
      get: (name: string) => request.headers.get(name),
      set: (name: string, value: string) => request.headers.set(name, value),
      headersArray: () => [...request.headers].map(([name, value]) => ({ name, value })),
    },
  } as unknown as WebResource;
}

describe('SharedKey', () => {
  afterEach(() => void vi.useRealTimers());

  test.each<[string, 'GET' | 'PUT' | 'DELETE', string, Record<string, string>]>([
    [
      'a listing',
      'GET',
      'vault?restype=container&comp=list&prefix=a%20b%2Fc%26d&include=metadata',
      {},
    ],
    ['a put', 'PUT', 'vault/a%20b/%C3%A4%2Bc', { 'content-length': '5', 'content-md5': 'bWQ1' }],
    ['an empty put', 'PUT', 'vault/a', { 'content-length': '0', 'if-none-match': '*' }],
    ['a block', 'PUT', 'vault/a?comp=block&blockid=AAA%3D', { 'content-length': '7' }],
    ['a range', 'GET', 'vault/a', { 'x-ms-range': 'bytes=0-1' }],
    ['metadata', 'PUT', 'vault/a', { 'x-ms-meta-b': '  two  words ', 'content-type': 'text/x' }],
    ['a delete', 'DELETE', 'vault/a', { 'if-match': '"0x8"' }],
  ])("%s is signed as the SDK's own policy signs it", async (_name, method, path, headers) => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW });
    const open = () =>
      createPipelineRequest({
        url: `https://account.blob.core.windows.net/${path}`,
        method,
        headers: createHttpHeaders({ 'x-ms-version': '2026-10-06', ...headers }),
      });
    const theirs = open();
    const policy = storageSharedKeyCredentialPolicy({
      accountName: ACCOUNT,
      accountKey: Buffer.from(KEY, 'base64'),
    });
    await policy.sendRequest(theirs, async (request) => ({
      request,
      status: 200,
      headers: createHttpHeaders(),
    }));
    const ours = open();
    signSharedKey(webResource(ours), { account: ACCOUNT, key: accountKey, now: NOW });
    expect(ours.headers.get('authorization')).toBe(theirs.headers.get('authorization'));
    expect(ours.headers.get('x-ms-date')).toBe('Tue, 01 Jan 2030 00:00:00 GMT');
  });
});
