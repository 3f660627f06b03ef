import type { PolicyDocument } from '../access/policy-document.ts';
import { FamilyRefusal, type IssuedKeys, type KeyRequest } from '../families.ts';
import { QueryError } from '../query/errors.ts';
import type { StorageWorld } from '../wire/world.ts';
import { grantSession } from './assume-role.ts';

const SESSION_NAME = 'fortnight-storage-keys';

/**
 * Issues a session of a role as the user of a key, with the checks and limits of AssumeRole.
 * Throws FamilyRefusal with the code and the words of STS.
 */
export function issueOwnerKeys(
  world: StorageWorld,
  request: KeyRequest & { readonly accessKeyId: string; readonly roleArn: string },
): IssuedKeys {
  const found = world.accounts.find(request.accessKeyId);
  if (found === undefined) throw new FamilyRefusal('InvalidAccessKeyId', 'the key is not known');
  const parameters = new Map([
    ['RoleArn', request.roleArn],
    ['RoleSessionName', SESSION_NAME],
    ['DurationSeconds', String(Math.floor(request.durationMs / 1000))],
    ['Policy', JSON.stringify(prefixPolicy(request.bucket, request.prefix))],
  ]);
  const { principal } = found;
  const asked = { at: world.now(), requestId: SESSION_NAME, principal, parameters, keyDelayMs: 0 };
  try {
    const { session, token } = grantSession(world, asked);
    return {
      expiresAt: session.expiresAt,
      environment: {
        AWS_ACCESS_KEY_ID: session.accessKeyId,
        AWS_SECRET_ACCESS_KEY: session.secretAccessKey,
        AWS_SESSION_TOKEN: token,
      },
    };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw new FamilyRefusal(error.code, error.message);
  }
}

/** Full access below a prefix of one bucket, and nothing else; the bucket's region is no secret. */
export function prefixPolicy(bucket: string, prefix: string): PolicyDocument {
  const literal = prefix.replace(/[*?$]/g, (character) => `\${${character}}`);
  const bucketArn = `arn:aws:s3:::${bucket}`;
  const isWhole = prefix === '';
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Objects',
        Effect: 'Allow',
        Action: [
          's3:GetObject',
          's3:GetObjectTagging',
          's3:PutObject',
          's3:DeleteObject',
          's3:AbortMultipartUpload',
          's3:ListMultipartUploadParts',
        ],
        Resource: `${bucketArn}/${literal}*`,
      },
      {
        Sid: 'List',
        Effect: 'Allow',
        Action: 's3:ListBucket',
        Resource: bucketArn,
        ...(isWhole ? {} : { Condition: { StringLike: { 's3:prefix': `${literal}*` } } }),
      },
      {
        Sid: 'Bucket',
        Effect: 'Allow',
        Action: ['s3:GetBucketLocation', 's3:GetBucketVersioning'],
        Resource: bucketArn,
      },
    ],
  };
}
