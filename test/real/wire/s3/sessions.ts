import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadBucketCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Answer } from '../check.ts';
import { type AssumeWords, BUCKET, outcome, replyAnswer, type S3Target } from '../s3-target.ts';
import { sendPlain, type WireKeys } from '../signed-request.ts';
import type { S3Check } from './checks.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const LIFE_MS = 900 * SECOND_MS;

/** `issued`, or how AssumeRole refused; over the wire, where no SDK checks the words before. */
async function assumeRaw(
  target: S3Target,
  words: Readonly<Record<string, string>>,
  keys: WireKeys = target.owner,
): Promise<Answer> {
  const body = new URLSearchParams({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: target.roles.twelveHours,
    RoleSessionName: 'wire',
    ...words,
  }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const request = { method: 'POST', path: '/', body, headers, keys, service: 'sts' } as const;
  const reply = await target.send(request);
  return reply.status === 200 && reply.text.includes('<SessionToken>')
    ? '200 issued'
    : replyAnswer(reply);
}

function assumeCheck(
  id: string,
  title: string,
  words: (target: S3Target) => Readonly<Record<string, string>>,
  documented: Answer,
  ours: S3Check['ours'] = {},
): S3Check {
  return {
    id: `sts.${id}`,
    title,
    documented,
    ours,
    run: (target) => assumeRaw(target, words(target)),
  };
}

function ping(target: S3Target, keys: WireKeys): Promise<Answer> {
  const command = new PutObjectCommand({ Bucket: BUCKET, Key: 'session-ping', Body: 'x' });
  return outcome(target.s3(keys).send(command));
}

/** One session, asked at different offsets of the clock. */
async function across(
  target: S3Target,
  words: AssumeWords,
  offsetsMs: readonly number[],
): Promise<Answer> {
  const session = await target.assume(words);
  const answers: Answer[] = [];
  for (const offsetMs of offsetsMs) {
    answers.push(await target.at(offsetMs, () => ping(target, session)));
  }
  return answers.join(' then ');
}

function instant(target: S3Target, laterMs: number): string {
  return `${new Date(target.now() + laterMs).toISOString().slice(0, 19)}Z`;
}

function timedStatement(operator: string, at: string): object {
  const Condition = { [operator]: { 'aws:CurrentTime': at } };
  return { Effect: 'Allow', Action: 's3:*', Resource: '*', Condition };
}

const LONG_STATEMENT = {
  Effect: 'Allow',
  Action: 's3:*',
  Resource: `arn:aws:s3:::${'b'.repeat(2_048)}`,
};

const EXPIRED_IN_MINIO = '403 InvalidAccessKeyId';
const EXPIRED_IN_CEPH = '403 AccessDenied';

export const SESSION_CHECKS: readonly S3Check[] = [
  {
    id: 'sts.works',
    title: 'AssumeRole issues keys that work, and says when they end',
    documented: '200 after=900 s',
    run: async (target) => {
      const session = await target.assume({ seconds: 900 });
      const seconds = Math.round((session.expiresAt - target.now()) / 10_000) * 10;
      return `${await ping(target, session)} after=${seconds} s`;
    },
  },
  assumeCheck(
    'shortest',
    '900 s is the shortest session',
    () => ({ DurationSeconds: '900' }),
    '200 issued',
  ),
  assumeCheck(
    'too-short',
    '899 s is too short',
    () => ({ DurationSeconds: '899' }),
    '400 ValidationError',
  ),
  assumeCheck(
    'longest',
    'a role of 12 h gives sessions of 12 h',
    () => ({ DurationSeconds: '43200' }),
    '200 issued',
  ),
  assumeCheck(
    'too-long',
    '12 h and 1 s is too long for any role',
    () => ({ DurationSeconds: '43201' }),
    '400 ValidationError',
    { minio: '200 issued' },
  ),
  assumeCheck(
    'longer-than-role',
    'a role of 1 h gives no session of 2 h',
    (target) => ({ RoleArn: target.roles.oneHour, DurationSeconds: '7200' }),
    '400 ValidationError',
    { minio: '200 issued' },
  ),
  assumeCheck(
    'no-number',
    'a duration that is no number',
    () => ({ DurationSeconds: 'abc' }),
    '400 ValidationError',
  ),
  assumeCheck(
    'unknown-role',
    'a role that is not there',
    (target) => ({ RoleArn: `${target.roles.oneHour}-not` }),
    '403 AccessDenied',
    { minio: '200 issued' },
  ),
  assumeCheck(
    'malformed-policy',
    'a session policy that is no JSON',
    () => ({ Policy: '{' }),
    '400 MalformedPolicyDocument',
  ),
  assumeCheck(
    'unknown-element',
    'a session policy with an element that is not known',
    () => ({
      Policy: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Maybe' }] }),
    }),
    '400 MalformedPolicyDocument',
  ),
  {
    ...assumeCheck(
      'policy-too-long',
      'a session policy of more than 2,048 characters',
      () => ({ Policy: JSON.stringify({ Version: '2012-10-17', Statement: [LONG_STATEMENT] }) }),
      '400 ValidationError',
    ),
    notAsked: { 'Ceph RGW': 'it ends radosgw 16.2.15 (the process dies without an answer)' },
  },
  assumeCheck(
    'bad-session-name',
    'a session name with a blank',
    () => ({ RoleSessionName: 'a b' }),
    '400 ValidationError',
    { minio: '200 issued' },
  ),
  {
    id: 'sts.stranger',
    title: 'a user whom the role does not trust',
    documented: '403 AccessDenied',
    ours: { minio: '200 issued' },
    run: (target) => assumeRaw(target, {}, target.stranger),
  },
  {
    id: 'sts.anonymous',
    title: 'AssumeRole without a signature',
    documented: '403 MissingAuthenticationToken',
    run: async (target) => {
      const body = Buffer.from(
        new URLSearchParams({
          Action: 'AssumeRole',
          Version: '2011-06-15',
          RoleArn: target.roles.twelveHours,
          RoleSessionName: 'wire',
        }).toString(),
      );
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(body.length),
      };
      const request = { method: 'POST', target: '/', headers, body };
      return replyAnswer(await sendPlain(target.endpoint, request));
    },
  },
  {
    id: 'sts.caller-identity',
    title: 'GetCallerIdentity',
    documented: '200',
    ours: { minio: '400 InvalidAction', ceph: '405 MethodNotAllowed' },
    run: async (target) => {
      const body = 'Action=GetCallerIdentity&Version=2011-06-15';
      const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
      const request = { method: 'POST', path: '/', body, headers, service: 'sts' } as const;
      return replyAnswer(await target.send(request));
    },
  },
  {
    id: 'expiry.moves',
    title:
      'C10: a session of 900 s works until its end, not after it, and again when the clock is back',
    documented: '200 then 400 ExpiredToken then 400 ExpiredToken then 200',
    ours: {
      minio: `200 then ${EXPIRED_IN_MINIO} then ${EXPIRED_IN_MINIO} then 200`,
      ceph: `200 then ${EXPIRED_IN_CEPH} then ${EXPIRED_IN_CEPH} then 200`,
    },
    run: (target) => across(target, {}, [LIFE_MS - 20_000, LIFE_MS + 5_000, 30 * DAY_MS, 0]),
  },
  {
    id: 'expiry.before-issue',
    title: 'a clock that falls back behind the issue does not end a session',
    documented: '200',
    run: (target) => across(target, {}, [-DAY_MS]),
  },
  {
    id: 'expiry.owner-key',
    title: 'a key of a user has no end',
    documented: '200',
    run: (target) => target.at(365 * DAY_MS, () => ping(target, target.owner)),
  },
  {
    id: 'expiry.upload',
    title: 'an upload that was begun with a session that has ended is finished with the next',
    documented: '200',
    run: async (target) => {
      const first = await target.assume();
      const key = { Bucket: BUCKET, Key: 'session-upload' };
      const begun = await target.s3(first).send(new CreateMultipartUploadCommand(key));
      const upload = { ...key, UploadId: begun.UploadId };
      const part = { ...upload, PartNumber: 1, Body: 'x' };
      const { ETag } = await target.s3(first).send(new UploadPartCommand(part));
      return target.at(LIFE_MS + MINUTE_MS, async () => {
        const second = await target.assume();
        const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
        const command = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload });
        return outcome(target.s3(second).send(command));
      });
    },
  },
  {
    id: 'time.less-than',
    title: 'aws:CurrentTime with DateLessThan ends a session before its own end',
    documented: '200 then 403 AccessDenied then 200',
    run: (target) => {
      const until = instant(target, 10 * MINUTE_MS);
      const statements = [timedStatement('DateLessThan', until)];
      return across(target, { statements, seconds: 3_600 }, [0, 11 * MINUTE_MS, 9 * MINUTE_MS]);
    },
  },
  {
    id: 'time.greater-than',
    title: 'aws:CurrentTime with DateGreaterThan begins a session later',
    documented: '403 AccessDenied then 200',
    run: (target) => {
      const from = instant(target, 10 * MINUTE_MS);
      const statements = [timedStatement('DateGreaterThan', from)];
      return across(target, { statements, seconds: 3_600 }, [0, 11 * MINUTE_MS]);
    },
  },
  {
    id: 'token.wrong',
    title: 'the keys of a session with another token',
    documented: '400 InvalidToken',
    ours: { minio: '403 InvalidTokenId', ceph: '403 AccessDenied' },
    run: async (target) => {
      const session = await target.assume();
      return ping(target, { ...session, sessionToken: 'not-the-token' });
    },
  },
  {
    id: 'token.of-other',
    title: 'the keys of a session with the token of another session',
    documented: '400 InvalidToken',
    ours: { minio: '403 InvalidTokenId', ceph: '403 AccessDenied' },
    run: async (target) => {
      const [one, two] = [await target.assume(), await target.assume({ sessionName: 'two' })];
      return ping(target, { ...one, sessionToken: two.sessionToken });
    },
  },
  {
    id: 'token.missing',
    title: 'the keys of a session without their token',
    documented: '403 InvalidAccessKeyId',
    ours: { minio: '403 InvalidTokenId', ceph: '403 AccessDenied' },
    run: async (target) => {
      const { accessKeyId, secretAccessKey } = await target.assume();
      return ping(target, { accessKeyId, secretAccessKey });
    },
  },
  {
    id: 'token.with-user-key',
    title: 'a token with the keys of a user',
    documented: '400 InvalidToken',
    ours: { minio: '403 InvalidTokenId', ceph: '403 AccessDenied' },
    run: async (target) => {
      const { sessionToken } = await target.assume();
      return ping(target, { ...target.owner, sessionToken });
    },
  },
  {
    id: 'session.head-bucket',
    title: 'a session without a policy may what its role may',
    documented: '200',
    run: async (target) => {
      const command = new HeadBucketCommand({ Bucket: BUCKET });
      return outcome(target.s3(await target.assume()).send(command));
    },
  },
];
