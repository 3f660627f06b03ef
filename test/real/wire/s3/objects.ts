import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { Answer } from '../check.ts';
import { BUCKET, outcome, type S3Target } from '../s3-target.ts';
import type { S3Check } from './checks.ts';
import { get, put } from './put-and-get.ts';

const DIGITS = '0123456789';

async function getRange(target: S3Target, key: string, range: string): Promise<Answer> {
  return outcome(get(target, key, { Range: range }), async (reply) => ({
    range: reply.ContentRange,
    body: await reply.Body?.transformToString(),
  }));
}

function rangeCheck(id: string, title: string, range: string, documented: Answer): S3Check {
  return {
    id: `range.${id}`,
    title,
    documented,
    run: async (target) => {
      await put(target, `range-${id}`, { Body: DIGITS });
      return getRange(target, `range-${id}`, range);
    },
  };
}

/** Every key comes back, byte for byte, under the name that it was put under. */
async function roundTrip(target: S3Target, keys: readonly string[]): Promise<Answer> {
  const answers: Answer[] = [];
  for (const key of keys) {
    await put(target, key, { Body: key });
    const reply = outcome(get(target, key), async ({ Body }) => ({
      same: (await Body?.transformToString()) === key,
    }));
    answers.push(await reply);
  }
  return [...new Set(answers)].join('; ');
}

export const OBJECT_CHECKS: readonly S3Check[] = [
  {
    id: 'put.etag',
    title: 'PutObject answers with the MD5 of the body as the entity tag',
    documented: '200 etag="5d41402abc4b2a76b9719d911017c592"',
    run: (target) => outcome(put(target, 'put-etag'), ({ ETag }) => ({ etag: ETag })),
  },
  {
    id: 'put.empty',
    title: 'an empty object is an object',
    documented: '200 length=0 etag="d41d8cd98f00b204e9800998ecf8427e"',
    run: async (target) => {
      await put(target, 'put-empty', { Body: '' });
      return outcome(get(target, 'put-empty'), ({ ContentLength, ETag }) => ({
        length: ContentLength,
        etag: ETag,
      }));
    },
  },
  {
    id: 'put.replaces',
    title: 'a second PutObject replaces the first',
    documented: '200 body=second',
    run: async (target) => {
      await put(target, 'put-twice', { Body: 'first' });
      await put(target, 'put-twice', { Body: 'second' });
      return outcome(get(target, 'put-twice'), async ({ Body }) => ({
        body: await Body?.transformToString(),
      }));
    },
  },
  {
    id: 'put.missing-bucket',
    title: 'PutObject into a bucket that is not there',
    documented: '404 NoSuchBucket',
    run: (target) => outcome(put(target, 'x', { Bucket: 'no-such-bucket-here' })),
  },
  {
    id: 'get.missing',
    title: 'GetObject of a key that is not there',
    documented: '404 NoSuchKey',
    run: (target) => outcome(get(target, 'get-missing')),
  },
  {
    id: 'get.missing-bucket',
    title: 'GetObject from a bucket that is not there',
    documented: '404 NoSuchBucket',
    run: (target) => outcome(get(target, 'x', { Bucket: 'no-such-bucket-here' })),
  },
  {
    id: 'head.fields',
    title: 'HeadObject gives length, type and entity tag',
    documented: '200 length=5 type=text/plain etag="5d41402abc4b2a76b9719d911017c592"',
    run: async (target) => {
      await put(target, 'head', { ContentType: 'text/plain' });
      const command = new HeadObjectCommand({ Bucket: BUCKET, Key: 'head' });
      return outcome(target.s3().send(command), (reply) => ({
        length: reply.ContentLength,
        type: reply.ContentType,
        etag: reply.ETag,
      }));
    },
  },
  {
    id: 'head.missing',
    title: 'HeadObject of a key that is not there',
    documented: '404',
    run: (target) =>
      outcome(target.s3().send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'head-missing' }))),
  },
  {
    id: 'headers.stored',
    title: 'the HTTP headers that were put come back',
    documented:
      '200 cache=no-cache disposition=attachment encoding=identity language=de type=text/x',
    run: async (target) => {
      await put(target, 'headers', {
        CacheControl: 'no-cache',
        ContentDisposition: 'attachment',
        ContentEncoding: 'identity',
        ContentLanguage: 'de',
        ContentType: 'text/x',
      });
      return outcome(get(target, 'headers'), (reply) => ({
        cache: reply.CacheControl,
        disposition: reply.ContentDisposition,
        encoding: reply.ContentEncoding,
        language: reply.ContentLanguage,
        type: reply.ContentType,
      }));
    },
  },
  {
    id: 'headers.overridden',
    title: 'response-content-type and its like replace the headers of one answer',
    documented: '200 type=text/html disposition=inline cache=no-store',
    run: async (target) => {
      await put(target, 'overridden', { ContentType: 'text/x' });
      const overrides = {
        ResponseContentType: 'text/html',
        ResponseContentDisposition: 'inline',
        ResponseCacheControl: 'no-store',
      };
      return outcome(get(target, 'overridden', overrides), (reply) => ({
        type: reply.ContentType,
        disposition: reply.ContentDisposition,
        cache: reply.CacheControl,
      }));
    },
  },
  {
    id: 'metadata.round-trip',
    title: 'user metadata come back, names in lower case',
    documented: '200 metadata={"one":"1","two-words":"a b"}',
    run: async (target) => {
      await put(target, 'metadata', { Metadata: { One: '1', 'Two-Words': 'a b' } });
      return outcome(get(target, 'metadata'), ({ Metadata = {} }) => ({
        metadata: Object.fromEntries(Object.entries(Metadata).sort()),
      }));
    },
  },
  {
    id: 'metadata.too-large',
    title: 'user metadata of more than 2 KB are refused',
    documented: '400 MetadataTooLarge',
    run: (target) =>
      outcome(put(target, 'metadata-large', { Metadata: { large: 'x'.repeat(2_100) } })),
  },
  rangeCheck('first', 'the first five bytes', 'bytes=0-4', '206 range=bytes 0-4/10 body=01234'),
  rangeCheck('suffix', 'the last three bytes', 'bytes=-3', '206 range=bytes 7-9/10 body=789'),
  rangeCheck('open', 'from byte 7 on', 'bytes=7-', '206 range=bytes 7-9/10 body=789'),
  rangeCheck(
    'past-end',
    'a range ends at the end',
    'bytes=7-99',
    '206 range=bytes 7-9/10 body=789',
  ),
  rangeCheck(
    'long-suffix',
    'a suffix longer than the object is the whole object',
    'bytes=-99',
    '206 range=bytes 0-9/10 body=0123456789',
  ),
  rangeCheck('outside', 'a range behind the end', 'bytes=10-11', '416 InvalidRange'),
  rangeCheck(
    'malformed',
    'a range that is none is ignored',
    'bytes=b-a',
    '200 range=none body=0123456789',
  ),
  rangeCheck(
    'reversed',
    'a range that ends before it begins is ignored',
    'bytes=5-2',
    '200 range=none body=0123456789',
  ),
  {
    id: 'range.empty-object',
    title: 'no range lies in an empty object',
    documented: '416 InvalidRange',
    run: async (target) => {
      await put(target, 'range-empty', { Body: '' });
      return getRange(target, 'range-empty', 'bytes=0-0');
    },
  },
  {
    id: 'range.head',
    title: 'HeadObject knows ranges too',
    documented: '206 length=5',
    run: async (target) => {
      await put(target, 'range-head', { Body: DIGITS });
      const command = new HeadObjectCommand({
        Bucket: BUCKET,
        Key: 'range-head',
        Range: 'bytes=0-4',
      });
      return outcome(target.s3().send(command), ({ ContentLength }) => ({ length: ContentLength }));
    },
  },
  {
    id: 'key.odd',
    title: 'keys with blanks, signs, escapes and other scripts are kept as they are',
    documented: '200 same=true',
    run: (target) =>
      roundTrip(target, [
        'odd/a b',
        'odd/a+b',
        'odd/a%2Fb',
        'odd/%',
        'odd/"\'&<>',
        'odd/*?$',
        'odd//double',
        'odd/trailing/',
        'odd/ä€😀',
        'odd/~!()@,;=:',
        '/leading',
      ]),
  },
  {
    id: 'key.longest',
    title: 'a key of 1,024 bytes',
    documented: '200 same=true',
    run: (target) => roundTrip(target, ['k'.repeat(1_024)]),
  },
  {
    id: 'key.too-long',
    title: 'a key of 1,025 bytes',
    documented: '400 KeyTooLongError',
    run: (target) => outcome(put(target, 'k'.repeat(1_025))),
  },
];
