import { type Decision, denialReason } from '../access/evaluate.ts';
import { header } from '../sigv4/wire-request.ts';
import { bucketArn, objectArn, type S3Call } from './call.ts';
import { readCopySource } from './copy-source.ts';
import { S3Error } from './errors.ts';

type Additions = readonly (readonly [string, string | number])[];

interface Permission {
  readonly action: string;
  readonly resource: string;
  readonly additions?: Additions;
}

/** Throws AccessDenied unless the sender has every permission that the operation needs. */
export function authorize(call: S3Call): void {
  for (const { action, resource, additions } of neededPermissions(call)) {
    const decision = call.decide(action, resource, additions);
    if (!decision.allowed) throw accessDenied(call, decision);
  }
}

/** AccessDenied with AWS' sentence on who, what and why. */
export function accessDenied(call: S3Call, decision: Decision): S3Error {
  const { action, resource } = decision;
  return new S3Error(
    'AccessDenied',
    `User: ${call.sender.principal.arn} is not authorized to perform: ${action} on resource: ` +
      `"${resource}" ${denialReason(decision)}`,
  );
}

function neededPermissions(call: S3Call): readonly Permission[] {
  const bucket = bucketArn(call.bucket);
  const object = objectArn(call.bucket, call.key);
  switch (call.operation) {
    case 'ListBuckets':
      return [{ action: 's3:ListAllMyBuckets', resource: 'arn:aws:s3:::*' }];
    case 'CreateBucket':
      return [{ action: 's3:CreateBucket', resource: bucket }];
    case 'DeleteBucket':
      return [{ action: 's3:DeleteBucket', resource: bucket }];
    case 'GetBucketAcl':
      return [{ action: 's3:GetBucketAcl', resource: bucket }];
    case 'GetObjectLockConfiguration':
      return [{ action: 's3:GetBucketObjectLockConfiguration', resource: bucket }];
    case 'GetObjectTagging':
      return [{ action: 's3:GetObjectTagging', resource: object }];
    case 'HeadBucket':
      return [{ action: 's3:ListBucket', resource: bucket }];
    case 'GetBucketLocation':
      return [{ action: 's3:GetBucketLocation', resource: bucket }];
    case 'GetBucketVersioning':
      return [{ action: 's3:GetBucketVersioning', resource: bucket }];
    case 'ListObjects':
    case 'ListObjectsV2':
      return [{ action: 's3:ListBucket', resource: bucket, additions: listAdditions(call) }];
    case 'ListMultipartUploads':
      return [
        {
          action: 's3:ListBucketMultipartUploads',
          resource: bucket,
          additions: listAdditions(call),
        },
      ];
    case 'GetObject':
    case 'HeadObject':
      return [{ action: 's3:GetObject', resource: object }];
    case 'CreateMultipartUpload':
    case 'UploadPart':
      return [{ action: 's3:PutObject', resource: object }];
    case 'PutObject':
    case 'CompleteMultipartUpload':
      return [{ action: 's3:PutObject', resource: object }, ...readForEtag(call, object)];
    case 'CopyObject':
    case 'UploadPartCopy': {
      const source = readCopySource(call);
      return [
        { action: 's3:GetObject', resource: objectArn(source.bucket, source.key) },
        { action: 's3:PutObject', resource: object },
      ];
    }
    case 'DeleteObject':
      return [{ action: 's3:DeleteObject', resource: object }, ...readForEtag(call, object)];
    // Each key of a batch is checked on its own, when the list has been read.
    case 'DeleteObjects':
      return [];
    case 'AbortMultipartUpload':
      return [{ action: 's3:AbortMultipartUpload', resource: object }];
    case 'ListParts':
      return [{ action: 's3:ListMultipartUploadParts', resource: object }];
    default:
      throw new Error(`no permission for ${String(call.operation satisfies never)}`);
  }
}

/** A condition on an ETag tells what is there, so it needs the right to read (as AWS). */
function readForEtag(call: S3Call, resource: string): Permission[] {
  const condition = header(call.request, 'if-match');
  const namesEtag = condition !== undefined && condition.trim() !== '*';
  return namesEtag ? [{ action: 's3:GetObject', resource }] : [];
}

/** `s3:prefix` and its kin exist only on listings, and only when the parameter was sent. */
function listAdditions(call: S3Call): Additions {
  const additions: [string, string | number][] = [];
  const prefix = call.query.get('prefix');
  const delimiter = call.query.get('delimiter');
  const maxKeys = call.query.get('max-keys');
  if (prefix !== undefined) additions.push(['s3:prefix', prefix]);
  if (delimiter !== undefined) additions.push(['s3:delimiter', delimiter]);
  if (maxKeys !== undefined && /^\d+$/.test(maxKeys)) {
    additions.push(['s3:max-keys', Number(maxKeys)]);
  }
  return additions;
}
