import {
  ListObjectsCommand,
  type ListObjectsCommandInput,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { Answer } from '../check.ts';
import { BUCKET, outcome, replyAnswer, type S3Target } from '../s3-target.ts';
import type { S3Check } from './checks.ts';

const KEYS = ['a', 'b/1', 'b/2', 'b/c/3', 'b0', 'd'];
const ODD_KEYS = ['A', 'a b', 'a+b', 'z', '~', 'ä', '\u{ffee}', '\u{1f600}'];

async function fill(target: S3Target, folder: string, keys: readonly string[] = KEYS) {
  for (const key of keys) {
    const input = { Bucket: BUCKET, Key: `${folder}/${key}`, Body: 'x' };
    await target.s3().send(new PutObjectCommand(input));
  }
}

interface Listed {
  readonly Contents?: readonly { readonly Key?: string | undefined }[] | undefined;
  readonly CommonPrefixes?: readonly { readonly Prefix?: string | undefined }[] | undefined;
}

function namesOf({ Contents = [], CommonPrefixes = [] }: Listed, folder: string): string[] {
  const shorten = (name = ''): string =>
    name.startsWith(`${folder}/`) ? name.slice(folder.length + 1) : name;
  return [
    ...Contents.map(({ Key }) => shorten(Key)),
    ...CommonPrefixes.map(({ Prefix }) => `[${shorten(Prefix)}]`),
  ];
}

/** One page of version 2, with names without their folder; `[x/]` is a common prefix. */
function page(
  target: S3Target,
  folder: string,
  more: Partial<ListObjectsV2CommandInput> = {},
): Promise<Answer> {
  const command = new ListObjectsV2Command({ Bucket: BUCKET, Prefix: `${folder}/`, ...more });
  return outcome(target.s3().send(command), (reply) => ({
    names: namesOf(reply, folder).join(' '),
    count: reply.KeyCount,
    truncated: reply.IsTruncated,
  }));
}

async function pages(
  target: S3Target,
  folder: string,
  more: Partial<ListObjectsV2CommandInput>,
): Promise<Answer> {
  const found: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const next = ContinuationToken === undefined ? {} : { ContinuationToken };
    const input = { Bucket: BUCKET, Prefix: `${folder}/`, ...more, ...next };
    const reply = await target.s3().send(new ListObjectsV2Command(input));
    found.push(namesOf(reply, folder).join(' '));
    ContinuationToken = reply.NextContinuationToken;
  } while (ContinuationToken !== undefined && found.length < 20);
  return found.join(' | ');
}

async function pagesV1(
  target: S3Target,
  folder: string,
  more: Partial<ListObjectsCommandInput>,
): Promise<Answer> {
  const found: string[] = [];
  let Marker: string | undefined;
  for (;;) {
    const next = Marker === undefined ? {} : { Marker };
    const input = { Bucket: BUCKET, Prefix: `${folder}/`, ...more, ...next };
    const reply = await target.s3().send(new ListObjectsCommand(input));
    found.push(namesOf(reply, folder).join(' '));
    if (reply.IsTruncated !== true || found.length > 20) return found.join(' | ');
    Marker = reply.NextMarker ?? reply.Contents?.at(-1)?.Key;
  }
}

function pageCheck(
  id: string,
  title: string,
  more: (folder: string) => Partial<ListObjectsV2CommandInput>,
  documented: Answer,
): S3Check {
  const folder = `list-${id}`;
  return {
    id: `list.${id}`,
    title,
    documented,
    run: async (target) => {
      await fill(target, folder);
      return page(target, folder, more(folder));
    },
  };
}

function rawCheck(
  id: string,
  title: string,
  query: Readonly<Record<string, string>>,
  documented: Answer,
): S3Check {
  return {
    id: `list.${id}`,
    title,
    documented,
    run: async (target) => {
      const reply = await target.send({ method: 'GET', path: `/${BUCKET}`, query });
      return replyAnswer(reply);
    },
  };
}

export const LISTING_CHECKS: readonly S3Check[] = [
  pageCheck(
    'all',
    'all keys below a prefix',
    () => ({}),
    '200 names=a b/1 b/2 b/c/3 b0 d count=6 truncated=false',
  ),
  pageCheck(
    'prefix-is-text',
    'a prefix is text: b also finds b0',
    (folder) => ({ Prefix: `${folder}/b` }),
    '200 names=b/1 b/2 b/c/3 b0 count=4 truncated=false',
  ),
  pageCheck(
    'nothing',
    'a prefix that no key has',
    (folder) => ({ Prefix: `${folder}/none` }),
    '200 names= count=0 truncated=false',
  ),
  pageCheck(
    'no-wildcard',
    'a star in a prefix is a star',
    (folder) => ({ Prefix: `${folder}/*` }),
    '200 names= count=0 truncated=false',
  ),
  pageCheck(
    'delimiter',
    'a delimiter folds what lies below it',
    () => ({ Delimiter: '/' }),
    '200 names=a b0 d [b/] count=4 truncated=false',
  ),
  pageCheck(
    'delimiter-deeper',
    'a delimiter behind a deeper prefix',
    (folder) => ({ Delimiter: '/', Prefix: `${folder}/b/` }),
    '200 names=b/1 b/2 [b/c/] count=3 truncated=false',
  ),
  pageCheck(
    'delimiter-no-slash',
    'any character may be the delimiter',
    () => ({ Delimiter: 'c' }),
    '200 names=a b/1 b/2 b0 d [b/c] count=6 truncated=false',
  ),
  pageCheck(
    'start-after',
    'StartAfter leaves out the key itself',
    (folder) => ({ StartAfter: `${folder}/b/2` }),
    '200 names=b/c/3 b0 d count=3 truncated=false',
  ),
  pageCheck(
    'start-after-missing',
    'StartAfter need not be a key',
    (folder) => ({ StartAfter: `${folder}/b/zzz` }),
    '200 names=b0 d count=2 truncated=false',
  ),
  pageCheck(
    'max-keys-zero',
    'a page of no keys ends the listing',
    () => ({ MaxKeys: 0 }),
    '200 names= count=0 truncated=false',
  ),
  pageCheck(
    'max-keys-exact',
    'a page that just holds all is not truncated',
    () => ({ MaxKeys: 6 }),
    '200 names=a b/1 b/2 b/c/3 b0 d count=6 truncated=false',
  ),
  {
    id: 'list.pages',
    title: 'pages of two keys give each key once',
    documented: 'a b/1 | b/2 b/c/3 | b0 d',
    run: async (target) => {
      await fill(target, 'list-pages');
      return pages(target, 'list-pages', { MaxKeys: 2 });
    },
  },
  {
    id: 'list.pages-delimiter',
    title: 'a common prefix counts once and does not come again on the next page',
    documented: 'a | [b/] | b0 | d',
    run: async (target) => {
      await fill(target, 'list-pages-delimiter');
      return pages(target, 'list-pages-delimiter', { MaxKeys: 1, Delimiter: '/' });
    },
  },
  {
    id: 'list.order',
    title: 'keys come in the order of their UTF-8 bytes',
    documented: 'A a b a+b z ~ ä \u{ffee} \u{1f600}',
    run: async (target) => {
      await fill(target, 'list-order', ODD_KEYS);
      return pages(target, 'list-order', {});
    },
  },
  {
    id: 'list.encoding-url',
    title: 'encoding-type=url escapes the keys',
    documented: '200 encoding=url keys=list-encoding/a%20b list-encoding/a%2Bb',
    run: async (target) => {
      await fill(target, 'list-encoding', ['a b', 'a+b']);
      const query = { 'list-type': '2', prefix: 'list-encoding/', 'encoding-type': 'url' };
      const reply = await target.send({ method: 'GET', path: `/${BUCKET}`, query });
      const keys = [...reply.text.matchAll(/<Key>([^<]*)</g)].map((match) => match[1]);
      const encoding = /<EncodingType>([^<]*)</.exec(reply.text)?.[1];
      return replyAnswer(reply, { encoding, keys: keys.sort().join(' ') });
    },
  },
  rawCheck(
    'bad-encoding',
    'an encoding that is not known',
    { 'list-type': '2', 'encoding-type': 'x' },
    '400 InvalidArgument',
  ),
  rawCheck(
    'bad-max-keys',
    'max-keys that is no number',
    { 'list-type': '2', 'max-keys': 'x' },
    '400 InvalidArgument',
  ),
  rawCheck(
    'negative-max-keys',
    'max-keys below zero',
    { 'list-type': '2', 'max-keys': '-1' },
    '400 InvalidArgument',
  ),
  rawCheck(
    'bad-token',
    'a continuation token that is none',
    { 'list-type': '2', 'continuation-token': 'x' },
    '400 InvalidArgument',
  ),
  {
    id: 'list.max-keys-capped',
    title: 'max-keys of more than 1,000 is 1,000',
    documented: '200 max=1000',
    run: async (target) => {
      const query = { 'list-type': '2', 'max-keys': '5000', prefix: 'none' };
      const reply = await target.send({ method: 'GET', path: `/${BUCKET}`, query });
      return replyAnswer(reply, { max: /<MaxKeys>(\d+)</.exec(reply.text)?.[1] });
    },
  },
  {
    id: 'list.missing-bucket',
    title: 'the listing of a bucket that is not there',
    documented: '404 NoSuchBucket',
    run: (target) => page(target, 'x', { Bucket: 'no-such-bucket-here' }),
  },
  {
    id: 'list.fields',
    title: 'a listing tells size, entity tag and storage class',
    documented: '200 size=1 etag="9dd4e461268c8034f5c8564e155c67a6" class=STANDARD',
    run: async (target) => {
      await fill(target, 'list-fields', ['one']);
      const command = new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'list-fields/' });
      return outcome(target.s3().send(command), ({ Contents = [] }) => ({
        size: Contents[0]?.Size,
        etag: Contents[0]?.ETag,
        class: Contents[0]?.StorageClass,
      }));
    },
  },
  {
    id: 'list.owner',
    title: 'version 2 tells the owner only when asked',
    documented: 'without false, with true',
    run: async (target) => {
      await fill(target, 'list-owner', ['one']);
      const hasOwner = async (FetchOwner: boolean) => {
        const input = { Bucket: BUCKET, Prefix: 'list-owner/', FetchOwner };
        const { Contents = [] } = await target.s3().send(new ListObjectsV2Command(input));
        return Contents[0]?.Owner !== undefined;
      };
      return `without ${await hasOwner(false)}, with ${await hasOwner(true)}`;
    },
  },
  {
    id: 'list-v1.pages',
    title: 'version 1: pages by marker',
    documented: 'a b/1 | b/2 b/c/3 | b0 d',
    run: async (target) => {
      await fill(target, 'v1-pages');
      return pagesV1(target, 'v1-pages', { MaxKeys: 2 });
    },
  },
  {
    id: 'list-v1.pages-delimiter',
    title: 'version 1: pages with a delimiter',
    documented: 'a | [b/] | b0 | d',
    run: async (target) => {
      await fill(target, 'v1-delimiter');
      return pagesV1(target, 'v1-delimiter', { MaxKeys: 1, Delimiter: '/' });
    },
  },
  {
    id: 'list-v1.next-marker',
    title: 'version 1: NextMarker comes with a delimiter only',
    documented: 'without none, with v1-marker/a',
    run: async (target) => {
      await fill(target, 'v1-marker');
      const marker = async (more: Partial<ListObjectsCommandInput>) => {
        const input = { Bucket: BUCKET, Prefix: 'v1-marker/', MaxKeys: 1, ...more };
        const { NextMarker } = await target.s3().send(new ListObjectsCommand(input));
        return NextMarker ?? 'none';
      };
      return `without ${await marker({})}, with ${await marker({ Delimiter: '/' })}`;
    },
  },
];
