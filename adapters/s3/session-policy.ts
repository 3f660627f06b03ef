import { FortnightError } from '../../machines/rules/errors.ts';
import { type EpochMs, formatInstant } from '../../machines/rules/time.ts';

/** What the STS of AWS and of MinIO take as a session policy, and IAM as a user's policies. */
export const SESSION_POLICY_CHARS_MAX = 2048;

export interface SessionPolicyInput {
  readonly bucket: string;
  /** Both end with a slash: `T1/` must not cover `T10/` (I44). */
  readonly fullAccess: string;
  readonly readOnly: string;
  /** Default: `aws`. */
  readonly partition?: string;
  /** From this instant on the storage itself refuses everything; a whole second. */
  readonly until?: EpochMs;
}

/** The first part of every ARN in a region. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** Takes the special meaning of `*`, `?` and `$` away in a policy's resource or pattern. */
export function escapePolicyText(text: string): string {
  return text.replace(/[*?$]/g, (sign) => `\${${sign}}`);
}

/**
 * C9 as a session policy (providers §2): full access to objects below `fullAccess`, reading below
 * `readOnly`, listing with those two prefixes only, and three harmless questions about the bucket.
 * The listing of uploads is left out on purpose: it cannot be limited to a prefix. The effective
 * rights are the intersection with the role's own policy, so this never widens anything. With
 * `until` every statement ends there: for keys that have no end of their own.
 * Rejects (throws) with `issuer.refused` for a prefix that does not end a folder, and with
 * `issuer.limit` when the text is longer than 2,048 characters.
 */
export function sessionPolicy(input: SessionPolicyInput): string {
  for (const prefix of [input.fullAccess, input.readOnly]) {
    if (prefix.length < 2 || !prefix.endsWith('/')) {
      throw new FortnightError('issuer.refused', `prefix ${JSON.stringify(prefix)} is no folder`);
    }
  }
  const bucketArn = `arn:${input.partition ?? 'aws'}:s3:::${escapePolicyText(input.bucket)}`;
  const ownPattern = `${escapePolicyText(input.fullAccess)}*`;
  const configPattern = `${escapePolicyText(input.readOnly)}*`;
  const ending =
    input.until === undefined
      ? {}
      : { DateLessThan: { 'aws:CurrentTime': formatInstant(input.until).replace('.000Z', 'Z') } };
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'TenantObjects',
        Effect: 'Allow',
        Action: [
          's3:GetObject',
          's3:PutObject',
          's3:DeleteObject',
          's3:AbortMultipartUpload',
          's3:ListMultipartUploadParts',
        ],
        Resource: `${bucketArn}/${ownPattern}`,
      },
      {
        Sid: 'ConfigRead',
        Effect: 'Allow',
        Action: 's3:GetObject',
        Resource: `${bucketArn}/${configPattern}`,
      },
      {
        Sid: 'List',
        Effect: 'Allow',
        Action: 's3:ListBucket',
        Resource: bucketArn,
        Condition: { StringLike: { 's3:prefix': [ownPattern, configPattern] } },
      },
      {
        Sid: 'Bucket',
        Effect: 'Allow',
        Action: [
          's3:GetBucketLocation',
          's3:GetBucketVersioning',
          's3:GetBucketObjectLockConfiguration',
        ],
        Resource: bucketArn,
      },
    ].map((statement) => withCondition(statement, ending)),
  };
  const text = JSON.stringify(policy);
  if (text.length > SESSION_POLICY_CHARS_MAX) {
    throw new FortnightError(
      'issuer.limit',
      `the policy has ${text.length} characters; ${SESSION_POLICY_CHARS_MAX} are allowed`,
    );
  }
  return text;
}

interface Statement {
  readonly Condition?: object;
}

/** All conditions of a statement must hold. */
function withCondition<Given extends Statement>(statement: Given, added: object): Statement {
  if (Object.keys(added).length === 0) return statement;
  return { ...statement, Condition: { ...statement.Condition, ...added } };
}
