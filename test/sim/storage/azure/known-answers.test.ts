import {
  BlobSASPermissions,
  ContainerClient,
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
  type UserDelegationKey,
} from '@azure/storage-blob';
import { StorageCRC64Calculator } from '@azure/storage-common';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAzureInstant } from '../../../../sim/storage/azure/instants.ts';
import { readSas } from '../../../../sim/storage/azure/sas.ts';
import { sasString } from '../../../../sim/storage/azure/sas-string.ts';
import { sharedKeyString, signBase64 } from '../../../../sim/storage/azure/shared-key.ts';
import { createChecksum } from '../../../../sim/storage/core/checksums.ts';
import { parseForm, type WireRequest } from '../../../../sim/storage/sigv4/wire-request.ts';
import { seeded } from '../../../support/seed.ts';
import { DAY_MS, KEY, START, TREE } from './lab.ts';

const credential = new StorageSharedKeyCredential(TREE, KEY);
const NO_HEADERS = { headers: new Map<string, string[]>(), query: [] };
const VERSIONS = [
  '2015-04-05',
  '2018-11-09',
  '2020-02-10',
  '2020-12-06',
  '2022-11-02',
  '2025-07-05',
  '2026-04-06',
  '2026-10-06',
];

/** The signature that this storage computes for a query that the SDK made. */
function ownSignature(query: string, name: string, key: Buffer, request = NO_HEADERS): string {
  return signBase64(key, sasString(readSas({ query: parseForm(query) })!, name, request));
}

function sentSignature(query: string): string {
  return new Map(parseForm(query)).get('sig')!;
}

describe('strings to sign', () => {
  it('a service SAS of a container, as documented', () => {
    const query =
      'sv=2020-12-06&sr=c&sp=rl&st=2026-01-15T12:00:00Z&se=2026-01-16T12:00:00Z&' +
      'sip=10.0.0.1-10.0.0.9&spr=https&si=policy&rsct=text%2Fplain&sig=x';
    expect(sasString(readSas({ query: parseForm(query) })!, '/blob/a/c', NO_HEADERS)).toBe(
      [
        'rl',
        '2026-01-15T12:00:00Z',
        '2026-01-16T12:00:00Z',
        '/blob/a/c',
        'policy',
        '10.0.0.1-10.0.0.9',
        'https',
        '2020-12-06',
        'c',
        '',
        '',
        '',
        '',
        '',
        '',
        'text/plain',
      ].join('\n'),
    );
  });

  it('a request of the account key, as documented', () => {
    const headers = new Map([
      ['x-ms-version', ['2026-10-06']],
      ['x-ms-date', ['Thu, 15 Jan 2026 12:00:00 GMT']],
      ['date', ['ignored']],
      ['x-ms-meta-m', ['  two   words ']],
      ['content-length', ['0']],
      ['content-type', ['text/plain']],
      ['range', ['bytes=0-1']],
    ]);
    const query: [string, string][] = [
      ['restype', 'container'],
      ['comp', 'list'],
      ['include', 'metadata'],
      ['include', 'copy'],
      ['prefix', 'a b'],
    ];
    const request: WireRequest = { method: 'GET', rawPath: '/tree/a%20b', query, headers };
    expect(sharedKeyString(request, 'tree')).toBe(
      'GET\n\n\n\n\ntext/plain\n\n\n\n\n\nbytes=0-1\n' +
        'x-ms-date:Thu, 15 Jan 2026 12:00:00 GMT\nx-ms-meta-m:two words\n' +
        'x-ms-version:2026-10-06\n' +
        '/tree/tree/a%20b\ncomp:list\ninclude:copy,metadata\nprefix:a b\nrestype:container',
    );
  });

  it('known signatures', () => {
    const key = Buffer.from('a2V5', 'base64');
    // echo -n 'text' | openssl dgst -sha256 -hmac key -binary | base64
    expect(signBase64(key, 'text')).toBe('avqQRqlXnK0UOjhMG1ZLmiUNJ9b2pj+fIL86dZTJ4sY=');
  });

  it.each(VERSIONS)('a service SAS agrees with the SDK at version %s', (version) => {
    for (const blobName of [undefined, 'a b/ü&=+%.vbk', 'dir/sub']) {
      const isDirectory = version >= '2020-02-10' && blobName === 'dir/sub';
      const parameters = generateBlobSASQueryParameters(
        {
          version,
          containerName: 'backup',
          ...(blobName === undefined ? {} : { blobName, isDirectory }),
          permissions: (blobName === undefined
            ? ContainerSASPermissions.parse('racwdl')
            : BlobSASPermissions.parse('racwd')) as BlobSASPermissions,
          startsOn: new Date(START),
          expiresOn: new Date(START + DAY_MS),
          ipRange: { start: '127.0.0.1', end: '127.0.0.9' },
          protocol: SASProtocol.HttpsAndHttp,
          cacheControl: 'no-store',
          contentDisposition: 'inline; filename="x"',
          contentEncoding: 'gzip',
          contentLanguage: 'en',
          contentType: 'text/plain',
        },
        credential,
      );
      const query = parameters.toString();
      const name = `/blob/${TREE}/backup${blobName === undefined ? '' : `/${blobName}`}`;
      expect(ownSignature(query, name, Buffer.from(KEY, 'base64'))).toBe(sentSignature(query));
    }
  });

  it.each(VERSIONS.filter((version) => version >= '2018-11-09'))(
    'a user-delegation SAS agrees with the SDK at version %s',
    (version) => {
      const key: UserDelegationKey = {
        signedObjectId: 'object',
        signedTenantId: 'tenant',
        signedStartsOn: new Date(START),
        signedExpiresOn: new Date(START + DAY_MS),
        signedService: 'b',
        signedVersion: version,
        value: KEY,
      };
      const parameters = generateBlobSASQueryParameters(
        {
          version,
          containerName: 'backup',
          permissions: ContainerSASPermissions.parse('racwdl'),
          startsOn: new Date(START),
          expiresOn: new Date(START + DAY_MS),
          ...(version < '2020-02-10'
            ? {}
            : { preauthorizedAgentObjectId: 'agent', correlationId: 'correlation' }),
          ...(version < '2026-04-06'
            ? {}
            : {
                requestHeaders: { 'x-ms-meta-a': '1', 'x-ms-meta-b': '2' },
                requestQueryParameters: { prefix: 'p' },
              }),
        },
        key,
        TREE,
      );
      const query = parameters.toString();
      const request = {
        headers: new Map([
          ['x-ms-meta-a', ['1']],
          ['x-ms-meta-b', ['2']],
        ]),
        query: [['prefix', 'p']] as [string, string][],
      };
      const own = signBase64(
        Buffer.from(KEY, 'base64'),
        sasString(readSas({ query: parseForm(query) })!, `/blob/${TREE}/backup`, request),
      );
      expect(own).toBe(sentSignature(query));
    },
  );

  it('the SDK tells the same string of a stored-policy SAS', () => {
    const client = new ContainerClient(`http://127.0.0.1:1/${TREE}/backup`, credential);
    const text = client.generateSasStringToSign({ identifier: 'p', version: '2026-10-06' });
    const query = 'sv=2026-10-06&sr=c&si=p&sig=x';
    expect(
      sasString(readSas({ query: parseForm(query) })!, `/blob/${TREE}/backup`, NO_HEADERS),
    ).toBe(text);
  });
});

describe('CRC64', () => {
  it('is the one of the SDK', async () => {
    await StorageCRC64Calculator.init();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const theirs = new StorageCRC64Calculator();
        theirs.append(bytes, bytes.length);
        const ours = createChecksum('CRC64NVME');
        ours.update(Buffer.from(bytes));
        const wanted = Buffer.from(theirs.final(new Uint8Array(0), 0) as Uint8Array);
        expect(ours.digest().reverse().toString('hex')).toBe(wanted.toString('hex'));
      }),
      seeded({ numRuns: 50 }),
    );
  });
});

describe('instants of a SAS', () => {
  it.each([
    ['2026-01-15', START - 12 * 3_600_000],
    ['2026-01-15T12:00Z', START],
    ['2026-01-15T12:00:00Z', START],
    ['2026-01-15T12:00:00.1234567Z', START + 123],
    ['2026-01-15T12:00:00.1Z', START + 100],
    ['2026-02-30', undefined],
    ['2026-01-15T25:00Z', undefined],
    ['2026-01-15T12:00:00', undefined],
    ['2026-01-15T12:00:00+01:00', undefined],
    ['yesterday', undefined],
    ['', undefined],
  ])('%s', (text, wanted) => {
    expect(parseAzureInstant(text)).toBe(wanted);
  });
});
