import { isoInstant } from '../core/instants.ts';
import { header } from '../sigv4/wire-request.ts';
import { branch, leaf } from '../wire/xml.ts';
import { requireBucket, type S3Call, type S3Reply } from './call.ts';
import { S3Error } from './errors.ts';
import { receiveText } from './receive-body.ts';
import { childText, onlyChildren, parseXml, s3Document } from './xml.ts';

const XML_BYTES_MAX = 64 * 1024;

/** S3's rules for new buckets: 3 to 63 of a–z, 0–9, `.` and `-`, and not like an IP address. */
export function isBucketName(name: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes('..') &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name)
  );
}

export function listBuckets(call: S3Call): S3Reply {
  const buckets = call.core
    .bucketNames()
    .map((name) =>
      branch(
        'Bucket',
        leaf('Name', name),
        leaf('CreationDate', isoInstant(call.core.bucketCreatedAt(name)!)),
      ),
    );
  const owner = branch('Owner', leaf('ID', call.sender.principal.accountId));
  const xml = s3Document('ListAllMyBucketsResult', owner, branch('Buckets', ...buckets));
  return { status: 200, xml };
}

/** As in us-east-1: creating an own bucket again succeeds; elsewhere it is refused. */
export async function createBucket(call: S3Call): Promise<S3Reply> {
  if (!isBucketName(call.bucket)) throw new S3Error('InvalidBucketName');
  const hasBody = Number(header(call.request, 'content-length') ?? 0) > 0;
  const text = hasBody ? await receiveText(call, XML_BYTES_MAX) : '';
  checkLocation(call, text);
  if (call.core.hasBucket(call.bucket) && call.region !== 'us-east-1') {
    throw new S3Error('BucketAlreadyOwnedByYou');
  }
  call.core.createBucket(call.bucket, call.at);
  return { status: 200, headers: { location: `/${call.bucket}` } };
}

/** Only an empty bucket goes; uploads that were never completed go with it (as AWS). */
export function deleteBucket(call: S3Call): S3Reply {
  requireBucket(call, call.bucket);
  for (const _key of call.core.keysFrom(call.bucket, '')) {
    throw new S3Error('BucketNotEmpty', undefined, { BucketName: call.bucket });
  }
  call.core.deleteBucket(call.bucket);
  return { status: 204 };
}

function checkLocation(call: S3Call, text: string): void {
  if (text === '') return;
  const root = parseXml(text, 'CreateBucketConfiguration');
  onlyChildren(root, ['LocationConstraint']);
  const wanted = childText(root, 'LocationConstraint') ?? 'us-east-1';
  if (wanted !== call.region) {
    throw new S3Error('IllegalLocationConstraintException');
  }
}

export function headBucket(call: S3Call): S3Reply {
  requireBucket(call, call.bucket);
  return { status: 200, headers: { 'x-amz-bucket-region': call.region } };
}

/** us-east-1 is written as an empty element. */
export function getBucketLocation(call: S3Call): S3Reply {
  requireBucket(call, call.bucket);
  const text = call.region === 'us-east-1' ? '' : call.region;
  return { status: 200, xml: s3Document('LocationConstraint', { xml: text }) };
}

/** Buckets here never had versioning, which S3 says with an empty document. */
export function getBucketVersioning(call: S3Call): S3Reply {
  requireBucket(call, call.bucket);
  return { status: 200, xml: s3Document('VersioningConfiguration') };
}
