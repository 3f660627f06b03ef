import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Answer } from '../check.ts';
import { BUCKET, outcome, type S3Target } from '../s3-target.ts';
import type { S3Check } from './checks.ts';

const ARN = `arn:aws:s3:::${BUCKET}`;
const DENIED = '403 AccessDenied';

/** What a tenant's credential has: everything below its folder, and the listing of it (C5, I44). */
function folderStatements(folder: string): object[] {
  return [
    {
      Effect: 'Allow',
      Action: [
        's3:GetObject',
        's3:PutObject',
        's3:DeleteObject',
        's3:AbortMultipartUpload',
        's3:ListMultipartUploadParts',
      ],
      Resource: `${ARN}/${folder}*`,
    },
    {
      Effect: 'Allow',
      Action: 's3:ListBucket',
      Resource: ARN,
      Condition: { StringLike: { 's3:prefix': `${folder}*` } },
    },
  ];
}

/** A session for `<id>/sess1/`, with an object inside and one in the twin `<id>/sess10/`. */
async function open(target: S3Target, id: string) {
  const base = `scope-${id}`;
  for (const Key of [`${base}/sess1/own`, `${base}/sess10/foreign`]) {
    await target.s3().send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'x' }));
  }
  const session = await target.assume({ statements: folderStatements(`${base}/sess1/`) });
  return { client: target.s3(session), own: `${base}/sess1`, twin: `${base}/sess10`, base };
}

interface Opened {
  readonly client: S3Client;
  readonly own: string;
  readonly twin: string;
  readonly base: string;
}

function scopeCheck(
  id: string,
  title: string,
  documented: Answer,
  run: (opened: Opened) => Promise<Answer>,
): S3Check {
  return {
    id: `scope.${id}`,
    title,
    documented,
    run: async (target) => run(await open(target, id)),
  };
}

const at = (Key: string) => ({ Bucket: BUCKET, Key });

async function answers(calls: readonly (() => Promise<Answer>)[]): Promise<Answer> {
  const all: Answer[] = [];
  for (const call of calls) all.push(await call());
  return all.join(' then ');
}

function list(client: S3Client, Prefix?: string): Promise<Answer> {
  const command = new ListObjectsV2Command({
    Bucket: BUCKET,
    ...(Prefix === undefined ? {} : { Prefix }),
  });
  return outcome(client.send(command), ({ Contents = [] }) => ({ count: Contents.length }));
}

export const SCOPE_CHECKS: readonly S3Check[] = [
  scopeCheck(
    'inside',
    'I44: put, get, head and delete in the own folder',
    '200 then 200 then 200 then 204',
    ({ client, own }) =>
      answers([
        () => outcome(client.send(new PutObjectCommand({ ...at(`${own}/new`), Body: 'x' }))),
        () => outcome(client.send(new GetObjectCommand(at(`${own}/new`)))),
        () => outcome(client.send(new HeadObjectCommand(at(`${own}/new`)))),
        () => outcome(client.send(new DeleteObjectCommand(at(`${own}/new`)))),
      ]),
  ),
  scopeCheck(
    'twin',
    'I44: the same in the folder sess10/ beside sess1/',
    `${DENIED} then ${DENIED} then 403 then ${DENIED}`,
    ({ client, twin }) =>
      answers([
        () => outcome(client.send(new PutObjectCommand({ ...at(`${twin}/new`), Body: 'x' }))),
        () => outcome(client.send(new GetObjectCommand(at(`${twin}/foreign`)))),
        () => outcome(client.send(new HeadObjectCommand(at(`${twin}/foreign`)))),
        () => outcome(client.send(new DeleteObjectCommand(at(`${twin}/foreign`)))),
      ]),
  ),
  scopeCheck(
    'folder-name',
    'I44: the name of the folder without its slash',
    DENIED,
    ({ client, own }) => outcome(client.send(new PutObjectCommand({ ...at(own), Body: 'x' }))),
  ),
  scopeCheck('list-own', 'I44: the listing of the own folder', '200 count=1', ({ client, own }) =>
    list(client, `${own}/`),
  ),
  scopeCheck(
    'list-foreign',
    'I44: listings of the twin, of both at once, of all, and without a prefix',
    [DENIED, DENIED, DENIED, DENIED].join(' then '),
    ({ client, own, twin }) =>
      answers([
        () => list(client, `${twin}/`),
        () => list(client, own),
        () => list(client, ''),
        () => list(client),
      ]),
  ),
  scopeCheck(
    'list-v1',
    'I44: version 1 of the listing is bound the same',
    `200 then ${DENIED}`,
    ({ client, own, twin }) => {
      const listV1 = (Prefix: string) =>
        outcome(client.send(new ListObjectsCommand({ Bucket: BUCKET, Prefix })));
      return answers([() => listV1(`${own}/`), () => listV1(`${twin}/`)]);
    },
  ),
  scopeCheck(
    'copy',
    'I44: copies from outside and to outside, and within',
    `${DENIED} then ${DENIED} then 200`,
    ({ client, own, twin }) => {
      const copy = (from: string, to: string) =>
        outcome(client.send(new CopyObjectCommand({ ...at(to), CopySource: `${BUCKET}/${from}` })));
      return answers([
        () => copy(`${twin}/foreign`, `${own}/stolen`),
        () => copy(`${own}/own`, `${twin}/planted`),
        () => copy(`${own}/own`, `${own}/again`),
      ]);
    },
  ),
  scopeCheck(
    'multipart',
    'I44: an upload in the own folder and in the twin',
    `200 then 204 then ${DENIED}`,
    async ({ client, own, twin }) => {
      let UploadId: string | undefined;
      const begin = (Key: string) =>
        outcome(client.send(new CreateMultipartUploadCommand(at(Key))), (reply) => {
          UploadId = reply.UploadId;
          return {};
        });
      return answers([
        () => begin(`${own}/upload`),
        () =>
          outcome(
            client.send(new AbortMultipartUploadCommand({ ...at(`${own}/upload`), UploadId })),
          ),
        () => begin(`${twin}/upload`),
      ]);
    },
  ),
  scopeCheck(
    'list-uploads',
    'providers §2 e: the listing of uploads is bucket-wide and not granted, also below the own prefix',
    `${DENIED} then ${DENIED}`,
    ({ client, own }) => {
      const uploads = (more: { Prefix?: string }) =>
        outcome(client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET, ...more })));
      return answers([() => uploads({}), () => uploads({ Prefix: `${own}/` })]);
    },
  ),
  scopeCheck(
    'delete-batch-own',
    'I46: a batch of keys of the own folder',
    '200 deleted=2',
    ({ client, own }) => {
      const Objects = [{ Key: `${own}/own` }, { Key: `${own}/none` }];
      const command = new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects } });
      return outcome(client.send(command), ({ Deleted = [] }) => ({ deleted: Deleted.length }));
    },
  ),
  scopeCheck(
    'delete-batch',
    'I44: a batch deletes what it may and reports the rest',
    '200 deleted=1 errors=["AccessDenied"]',
    ({ client, own, twin }) => {
      const Objects = [{ Key: `${own}/own` }, { Key: `${twin}/foreign` }];
      const command = new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects } });
      return outcome(client.send(command), ({ Deleted = [], Errors = [] }) => ({
        deleted: Deleted.length,
        errors: Errors.map(({ Code }) => Code),
      }));
    },
  ),
  scopeCheck(
    'missing-own',
    'a key that is not there is 403 to those who may list by prefix only (the condition is on listings alone)',
    DENIED,
    ({ client, own }) => outcome(client.send(new GetObjectCommand(at(`${own}/none`)))),
  ),
  scopeCheck(
    'missing-foreign',
    'a foreign key that is not there is denied, not told as missing',
    DENIED,
    ({ client, twin }) => outcome(client.send(new GetObjectCommand(at(`${twin}/none`)))),
  ),
  {
    id: 'scope.deny-wins',
    title: 'an explicit deny wins over an allow',
    documented: `200 then ${DENIED}`,
    run: async (target) => {
      const statements = [
        { Effect: 'Allow', Action: 's3:*', Resource: '*' },
        { Effect: 'Deny', Action: 's3:PutObject', Resource: `${ARN}/scope-deny/closed/*` },
      ];
      const client = target.s3(await target.assume({ statements }));
      const put = (Key: string) =>
        outcome(client.send(new PutObjectCommand({ ...at(Key), Body: 'x' })));
      return answers([() => put('scope-deny/open'), () => put('scope-deny/closed/x')]);
    },
  },
  {
    id: 'scope.read-only',
    title: 'a session that may only read does not write, delete or list',
    documented: `200 then ${DENIED} then ${DENIED} then ${DENIED}`,
    run: async (target) => {
      await target.s3().send(new PutObjectCommand({ ...at('scope-read/x'), Body: 'x' }));
      const statements = [{ Effect: 'Allow', Action: 's3:GetObject', Resource: `${ARN}/*` }];
      const client = target.s3(await target.assume({ statements }));
      return answers([
        () => outcome(client.send(new GetObjectCommand(at('scope-read/x')))),
        () => outcome(client.send(new PutObjectCommand({ ...at('scope-read/x'), Body: 'y' }))),
        () => outcome(client.send(new DeleteObjectCommand(at('scope-read/x')))),
        () => list(client, 'scope-read/'),
      ]);
    },
  },
  {
    id: 'scope.escaped-star',
    title: 'an escaped star in a policy is the character, not a wildcard',
    documented: `200 then ${DENIED}`,
    run: async (target) => {
      const Resource = `${ARN}/scope-star/\${*}/x`;
      const statements = [{ Effect: 'Allow', Action: 's3:PutObject', Resource }];
      const client = target.s3(await target.assume({ statements }));
      const put = (Key: string) =>
        outcome(client.send(new PutObjectCommand({ ...at(Key), Body: 'x' })));
      return answers([() => put('scope-star/*/x'), () => put('scope-star/other/x')]);
    },
  },
  {
    id: 'scope.question-mark',
    title: '? in a policy stands for one character',
    documented: `200 then ${DENIED}`,
    run: async (target) => {
      const Resource = `${ARN}/scope-question/sess?`;
      const statements = [{ Effect: 'Allow', Action: 's3:PutObject', Resource }];
      const client = target.s3(await target.assume({ statements }));
      const put = (Key: string) =>
        outcome(client.send(new PutObjectCommand({ ...at(Key), Body: 'x' })));
      return answers([() => put('scope-question/sess1'), () => put('scope-question/sess10')]);
    },
  },
];
