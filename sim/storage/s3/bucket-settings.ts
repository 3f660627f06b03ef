import { branch, leaf, type Xml } from '../wire/xml.ts';
import { missingKey, requireBucket, type S3Call, type S3Reply } from './call.ts';
import { S3Error } from './errors.ts';
import { s3Document } from './xml.ts';

const SCHEMA_INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';

/** The owner has everything and nobody else anything: access lists are switched off here. */
export function getBucketAcl(call: S3Call): S3Reply {
  requireBucket(call, call.bucket);
  const owner = leaf('ID', call.sender.principal.accountId);
  const grantee: Xml = {
    xml: `<Grantee xmlns:xsi="${SCHEMA_INSTANCE}" xsi:type="CanonicalUser">${owner.xml}</Grantee>`,
  };
  const grant = branch('Grant', grantee, leaf('Permission', 'FULL_CONTROL'));
  const list = branch('AccessControlList', grant);
  return { status: 200, xml: s3Document('AccessControlPolicy', branch('Owner', owner), list) };
}

/** No bucket here has object lock. */
export function getObjectLockConfiguration(call: S3Call): S3Reply {
  requireBucket(call, call.bucket);
  throw new S3Error('ObjectLockConfigurationNotFoundError', undefined, { BucketName: call.bucket });
}

/** No object here has tags; awscli asks for them when it copies a large object. */
export function getObjectTagging(call: S3Call): S3Reply {
  requireBucket(call, call.bucket);
  if (call.core.object(call.bucket, call.key) === undefined) {
    throw missingKey(call, call.bucket, call.key);
  }
  return { status: 200, xml: s3Document('Tagging', branch('TagSet')) };
}
