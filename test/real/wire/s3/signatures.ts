import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { Answer } from '../check.ts';
import { BUCKET, replyAnswer, type S3Target } from '../s3-target.ts';
import { presignedTarget, sendPlain, type WireKeys } from '../signed-request.ts';
import type { S3Check } from './checks.ts';

const MINUTE_MS = 60_000;
const PATH = `/${BUCKET}/signed`;

async function fill(target: S3Target): Promise<void> {
  const command = new PutObjectCommand({ Bucket: BUCKET, Key: 'signed', Body: 'hello' });
  await target.s3().send(command);
}

/** A GET that is signed with a clock that is off by so much. */
function skewCheck(id: string, title: string, offMs: number, documented: Answer): S3Check {
  return {
    id: `skew.${id}`,
    title,
    documented,
    run: async (target) => {
      await fill(target);
      const at = target.now() + offMs;
      return replyAnswer(await target.send({ method: 'GET', path: PATH, at }));
    },
  };
}

interface Presigned {
  readonly seconds?: number;
  readonly signedAtMs?: number;
  readonly keys?: WireKeys;
  readonly method?: string;
}

async function followPresigned(target: S3Target, words: Presigned = {}): Promise<Answer> {
  const { seconds = 300, signedAtMs = 0, keys = target.owner, method = 'GET' } = words;
  const at = target.now() + signedAtMs;
  const address = presignedTarget(target.endpoint, { method, path: PATH, keys, at, seconds });
  return replyAnswer(await sendPlain(target.endpoint, { method, target: address }));
}

function presignedCheck(id: string, title: string, words: Presigned, documented: Answer): S3Check {
  return {
    id: `presigned.${id}`,
    title,
    documented,
    run: async (target) => {
      await fill(target);
      return followPresigned(target, words);
    },
  };
}

async function withAuthorization(target: S3Target, authorization: string): Promise<Answer> {
  const headers = { authorization, 'x-amz-date': '20200101T000000Z', 'x-amz-content-sha256': 'x' };
  return replyAnswer(await sendPlain(target.endpoint, { method: 'GET', target: PATH, headers }));
}

export const SIGNATURE_CHECKS: readonly S3Check[] = [
  {
    id: 'signature.wrong-secret',
    title: 'a request that is signed with another secret',
    documented: '403 SignatureDoesNotMatch',
    run: async (target) => {
      const keys = { ...target.owner, secretAccessKey: 'another' };
      return replyAnswer(await target.send({ method: 'GET', path: PATH, keys }));
    },
  },
  {
    id: 'signature.unknown-key',
    title: 'a key that nobody has',
    documented: '403 InvalidAccessKeyId',
    run: async (target) => {
      const keys = { accessKeyId: 'AKIANOBODYNOBODYNOBO', secretAccessKey: 'x' };
      return replyAnswer(await target.send({ method: 'GET', path: PATH, keys }));
    },
  },
  {
    id: 'signature.none',
    title: 'a request without a signature',
    documented: '403 AccessDenied',
    run: async (target) => {
      await fill(target);
      return replyAnswer(await sendPlain(target.endpoint, { method: 'GET', target: PATH }));
    },
  },
  {
    id: 'signature.malformed',
    title: 'an Authorization header of which half is missing',
    documented: '400 AuthorizationHeaderMalformed',
    run: (target) => withAuthorization(target, 'AWS4-HMAC-SHA256 Credential=x'),
  },
  {
    id: 'signature.unknown-scheme',
    title: 'an Authorization header of another scheme',
    documented: '400 InvalidArgument',
    run: (target) => withAuthorization(target, 'Bearer abc'),
  },
  {
    id: 'signature.stranger',
    title: 'another user’s object',
    documented: '403 AccessDenied',
    run: async (target) => {
      await fill(target);
      return replyAnswer(await target.send({ method: 'GET', path: PATH, keys: target.stranger }));
    },
  },
  skewCheck('behind', 'a client 14 minutes behind', -14 * MINUTE_MS, '200'),
  skewCheck('ahead', 'a client 14 minutes ahead', 14 * MINUTE_MS, '200'),
  skewCheck(
    'far-behind',
    'a client 16 minutes behind',
    -16 * MINUTE_MS,
    '403 RequestTimeTooSkewed',
  ),
  skewCheck('far-ahead', 'a client 16 minutes ahead', 16 * MINUTE_MS, '403 RequestTimeTooSkewed'),
  {
    id: 'skew.moved',
    title: 'a server whose clock is moved by an hour, and a client that stays behind',
    documented: '403 RequestTimeTooSkewed',
    run: async (target) => {
      await fill(target);
      const at = target.now();
      return target.at(60 * MINUTE_MS, async () =>
        replyAnswer(await target.send({ method: 'GET', path: PATH, at })),
      );
    },
  },
  presignedCheck('works', 'a presigned address reads', {}, '200'),
  presignedCheck('week', 'seven days is the longest', { seconds: 604_800 }, '200'),
  presignedCheck(
    'too-long',
    'more than seven days',
    { seconds: 604_801 },
    '400 AuthorizationQueryParametersError',
  ),
  presignedCheck(
    'expired',
    'an address whose time is over',
    { seconds: 60, signedAtMs: -2 * MINUTE_MS },
    '403 AccessDenied',
  ),
  presignedCheck(
    'not-yet',
    'an address that was signed in the future',
    { signedAtMs: 30 * MINUTE_MS },
    '403 AccessDenied',
  ),
  {
    id: 'presigned.moved',
    title: 'an address of ten minutes, after twenty, and back',
    documented: '200 then 403 AccessDenied then 200',
    run: async (target) => {
      await fill(target);
      const words = { method: 'GET', path: PATH, keys: target.owner, at: target.now() };
      const address = presignedTarget(target.endpoint, { ...words, seconds: 600 });
      const follow = async () =>
        replyAnswer(await sendPlain(target.endpoint, { method: 'GET', target: address }));
      const first = await follow();
      const later = await target.at(20 * MINUTE_MS, follow);
      return `${first} then ${later} then ${await follow()}`;
    },
  },
  {
    id: 'presigned.session-ends',
    title: 'an address lives no longer than the session that signed it',
    documented: '200 then 400 ExpiredToken',
    ours: { minio: '200 then 403 InvalidAccessKeyId', ceph: '200 then 403 AccessDenied' },
    run: async (target) => {
      await fill(target);
      const keys = await target.assume({ seconds: 900 });
      const words = { method: 'GET', path: PATH, keys, at: target.now() };
      const address = presignedTarget(target.endpoint, { ...words, seconds: 7_200 });
      const follow = async () =>
        replyAnswer(await sendPlain(target.endpoint, { method: 'GET', target: address }));
      return `${await follow()} then ${await target.at(16 * MINUTE_MS, follow)}`;
    },
  },
  {
    id: 'presigned.tampered',
    title: 'an address whose key was changed',
    documented: '403 SignatureDoesNotMatch',
    run: async (target) => {
      const words = { method: 'GET', path: PATH, keys: target.owner, at: target.now() };
      const address = presignedTarget(target.endpoint, { ...words, seconds: 300 });
      const other = address.replace('/signed?', '/other?');
      return replyAnswer(await sendPlain(target.endpoint, { method: 'GET', target: other }));
    },
  },
  {
    id: 'presigned.other-method',
    title: 'an address for GET, used to delete',
    documented: '403 SignatureDoesNotMatch',
    run: async (target) => {
      const words = { method: 'GET', path: PATH, keys: target.owner, at: target.now() };
      const address = presignedTarget(target.endpoint, { ...words, seconds: 300 });
      return replyAnswer(await sendPlain(target.endpoint, { method: 'DELETE', target: address }));
    },
  },
  {
    id: 'presigned.put',
    title: 'an address that writes',
    documented: '200',
    run: (target) => followPresigned(target, { method: 'PUT' }),
  },
];
