import type { Decision } from '../access/evaluate.ts';
import type { ObjectCore } from '../core/object-core.ts';
import type { Segment } from '../core/records.ts';
import type { Authenticated } from '../sigv4/authenticate.ts';
import type { WireRequest } from '../sigv4/wire-request.ts';
import { S3Error } from './errors.ts';
import type { S3Operation } from './operations.ts';

/** The body of a request on its way in. */
export interface IncomingBody {
  /** Asks the client for the body (100 Continue) and hands every piece over, in order. */
  consume(take: (piece: Buffer) => Promise<void> | undefined): Promise<void>;
}

/** One S3 request whose sender is known, and what a handler needs to answer it. */
export interface S3Call {
  readonly operation: S3Operation;
  readonly request: WireRequest;
  readonly bucket: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  readonly at: number;
  readonly sender: Authenticated;
  readonly body: IncomingBody;
  readonly core: ObjectCore;
  readonly region: string;
  /** Random bytes made unique: 32 hex digits that this state never gave before. */
  uniqueId(): string;
  /** Asks whether the sender may; the decision is recorded. */
  decide(
    action: string,
    resource: string,
    additions?: Iterable<readonly [string, string | number]>,
  ): Decision;
}

/** What goes back. At most one of `xml` and `content` is the body. */
export interface S3Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly xml?: string;
  readonly content?: {
    readonly segments: readonly Segment[];
    readonly offset: number;
    readonly length: number;
  };
}

export function bucketArn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`;
}

export function objectArn(bucket: string, key: string): string {
  return `arn:aws:s3:::${bucket}/${key}`;
}

/** The error for a key that is not there: only who may list may know that (as AWS). */
export function missingKey(call: S3Call, bucket: string, key: string): S3Error {
  const mayList = call.decide('s3:ListBucket', bucketArn(bucket)).allowed;
  return mayList ? new S3Error('NoSuchKey', undefined, { Key: key }) : new S3Error('AccessDenied');
}

export function requireBucket(call: S3Call, bucket: string): void {
  if (!call.core.hasBucket(bucket)) {
    throw new S3Error('NoSuchBucket', undefined, { BucketName: bucket });
  }
}

/** A whole-number parameter within bounds, or the default when it is absent. */
export function integerParameter(
  call: S3Call,
  name: string,
  bounds: { readonly default: number; readonly min: number; readonly max: number },
): number {
  const text = call.query.get(name);
  if (text === undefined || text === '') return bounds.default;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= bounds.min && value <= 2_147_483_647)) {
    throw new S3Error(
      'InvalidArgument',
      `Provided ${name} not an integer or within integer range`,
      {
        ArgumentName: name,
        ArgumentValue: text,
      },
    );
  }
  return Math.min(value, bounds.max);
}
