import type { Deviation } from '../check.ts';

const SIGNATURE_ENGINES =
  'with STS switched on, Ceph tries one way of authentication after the other and tells only that ' +
  'none fitted';
const STS_ERRORS = 'Ceph has one code for bad arguments of STS, not the codes of AWS';
const NO_WRITE_CONDITION = 'Ceph 16 knows conditions on PutObject only; it ignores this one';
const BATCH_XML = 'Ceph answers this with a bare status and no document';
const PART_NUMBERS = 'Ceph takes any number for a part number';
const ETAG_QUOTES = 'Ceph leaves out the quotes around the entity tag of a copy';
const NO_CHECKSUMS = 'Ceph 16 is older than the checksum headers and ignores them';
const BATCH_ON_BUCKET =
  'Ceph 16 asks for s3:DeleteObject on the bucket before it looks at the keys: a session of one ' +
  'folder must delete its objects one by one';
const MISSING_TOLD =
  'Ceph looks for the object before it looks at the policy of the session, so that whether a ' +
  'foreign key exists can be found out; AWS says 403 to who may not list';

/** Where Ceph RGW 16.2 answers otherwise than ours with the profile `ceph`. */
export const CEPH_DEVIATIONS: readonly Deviation[] = [
  {
    check: 'metadata.too-large',
    answer: '200',
    why: 'Ceph’s limit is a setting (64 KB), not 2 KB',
    right: 'ours',
  },
  {
    check: 'range.malformed',
    answer: '206 range=bytes 0-0/10 body=0',
    why: 'Ceph reads letters as zero; RFC 9110 says to ignore a range that is none',
    right: 'ours',
  },
  {
    check: 'range.reversed',
    answer: '416 InvalidRange',
    why: 'Ceph takes it to be unsatisfiable; RFC 9110 calls it invalid, to be ignored',
    right: 'ours',
  },
  {
    check: 'key.too-long',
    answer: '400 InvalidObjectName',
    why: 'Ceph has a code of its own for it',
    right: 'ours',
  },
  { check: 'delete-batch.too-many', answer: '400', why: BATCH_XML, right: 'ours' },
  { check: 'delete-batch.no-xml', answer: '400', why: BATCH_XML, right: 'ours' },
  { check: 'checksum.crc32', answer: '200 crc32=none', why: NO_CHECKSUMS, right: 'ours' },
  { check: 'checksum.wrong', answer: '200', why: NO_CHECKSUMS, right: 'ours' },
  {
    check: 'checksum.stream',
    answer: '411 MissingContentLength then 404 NoSuchKey',
    why: 'Ceph 16 does not know bodies with a trailer: clients must be set to WHEN_REQUIRED',
    right: 'ours',
  },
  {
    check: 'bucket.location',
    answer: '200 location=default',
    why: 'Ceph names its zone group; AWS names no place for us-east-1',
    right: 'ours',
  },
  {
    check: 'condition.get-match-any',
    answer: '412 PreconditionFailed',
    why: 'Ceph compares the star with the entity tag',
    right: 'ours',
  },
  {
    check: 'condition.put-match',
    answer: '412 PreconditionFailed',
    why: 'Ceph 16 compares the tag with its quotes: only If-Match without quotes holds there',
    right: 'ours',
  },
  {
    check: 'condition.put-match-missing',
    answer: '412 PreconditionFailed',
    why: 'Ceph takes the condition to fail; AWS documents 404 for a key that is not there',
    right: 'ours',
  },
  {
    check: 'condition.delete-match-other',
    answer: '204',
    why: `${NO_WRITE_CONDITION}, and deletes`,
    right: 'ours',
  },
  {
    check: 'condition.copy-create-again',
    answer: '200',
    why: `${NO_WRITE_CONDITION}, and overwrites`,
    right: 'ours',
  },
  {
    check: 'copy.plain',
    answer:
      '200 etag=5d41402abc4b2a76b9719d911017c592 then 200 type=text/source metadata={"from":"source"}',
    why: ETAG_QUOTES,
    right: 'ours',
  },
  {
    check: 'copy.replace',
    answer:
      '200 etag=5d41402abc4b2a76b9719d911017c592 then 200 type=text/new metadata={"from":"request"}',
    why: ETAG_QUOTES,
    right: 'ours',
  },
  {
    check: 'copy.odd-key',
    answer: '200 etag=5d41402abc4b2a76b9719d911017c592',
    why: ETAG_QUOTES,
    right: 'ours',
  },
  {
    check: 'copy.if-match',
    answer: '200 etag=5d41402abc4b2a76b9719d911017c592',
    why: ETAG_QUOTES,
    right: 'ours',
  },
  {
    check: 'copy.if-match-other',
    answer: '200 etag=5d41402abc4b2a76b9719d911017c592',
    why: 'Ceph 16 does not enforce conditions on the source of a copy',
    right: 'ours',
  },
  {
    check: 'copy.if-none-match',
    answer: '200 etag=5d41402abc4b2a76b9719d911017c592',
    why: 'Ceph 16 does not enforce conditions on the source of a copy',
    right: 'ours',
  },
  {
    check: 'list.encoding-url',
    answer: '200 encoding=url keys=list-encoding%2Fa%20b list-encoding%2Fa%2Bb',
    why: 'Ceph escapes the slash too; every client that unescapes reads the same key',
    right: 'open',
  },
  {
    check: 'list.bad-encoding',
    answer: '200',
    why: 'Ceph ignores an encoding that it does not know',
    right: 'ours',
  },
  {
    check: 'list.negative-max-keys',
    answer: '200',
    why: 'Ceph takes it to be an empty page',
    right: 'ours',
  },
  {
    check: 'list.bad-token',
    answer: '200',
    why: 'a token of Ceph is the last key in plain text, so that any text is one',
    right: 'ours',
  },
  {
    check: 'list-v1.next-marker',
    answer: 'without v1-marker/a, with v1-marker/a',
    why: 'Ceph always tells the next marker',
    right: 'ours',
  },
  {
    check: 'multipart.whole',
    answer: '200 etag= then 200 length=5242884 type=text/x metadata={"m":"1"}',
    why: 'Ceph 16.2.15 leaves the entity tag of a completion empty; HeadObject tells it',
    right: 'ours',
  },
  {
    check: 'multipart.part-unlisted',
    answer: '400 InvalidPart',
    why: 'Ceph wants every part that was sent to be listed',
    right: 'ours',
  },
  {
    check: 'multipart.abort',
    answer: '204 then 404 NoSuchKey then 404',
    why: 'Ceph answers ListParts of an upload that is not there with the code for a key',
    right: 'ours',
  },
  {
    check: 'multipart.wrong-order',
    answer: '200 etag=',
    why: 'Ceph puts the parts in order itself',
    right: 'ours',
  },
  { check: 'multipart.part-zero', answer: '200', why: PART_NUMBERS, right: 'ours' },
  { check: 'multipart.part-10001', answer: '200', why: PART_NUMBERS, right: 'ours' },
  {
    check: 'multipart.unknown-complete',
    answer: '500 InternalError',
    why: 'a fault of Ceph: the completion of an upload that is not there fails inside',
    right: 'ours',
  },
  {
    check: 'multipart.create-only',
    answer: '200 etag=',
    why: `${NO_WRITE_CONDITION}, and overwrites`,
    right: 'ours',
  },
  {
    check: 'multipart.get-part',
    answer: '200 length=5242884 parts=none',
    why: 'Ceph 16 ignores partNumber and gives the whole object; ours refuses what it does not know',
    right: 'open',
  },
  { check: 'sts.too-short', answer: '400 InvalidArgument', why: STS_ERRORS, right: 'ours' },
  { check: 'sts.too-long', answer: '400 InvalidArgument', why: STS_ERRORS, right: 'ours' },
  { check: 'sts.longer-than-role', answer: '400 InvalidArgument', why: STS_ERRORS, right: 'ours' },
  { check: 'sts.no-number', answer: '400 InvalidArgument', why: STS_ERRORS, right: 'ours' },
  { check: 'sts.bad-session-name', answer: '400 InvalidArgument', why: STS_ERRORS, right: 'ours' },
  {
    check: 'sts.unknown-role',
    answer: '404 NoSuchEntity',
    why: 'Ceph tells that the role is not there; AWS denies, so that roles cannot be guessed',
    right: 'ours',
  },
  {
    check: 'sts.anonymous',
    answer: '403 AccessDenied',
    why: SIGNATURE_ENGINES,
    right: 'ours',
  },
  {
    check: 'token.wrong',
    answer: '400 InvalidArgument',
    why: 'Ceph tells a token that it cannot decrypt from one of another session',
    right: 'ours',
  },
  {
    check: 'scope.delete-batch-own',
    answer: '403 AccessDenied',
    why: BATCH_ON_BUCKET,
    right: 'ours',
  },
  { check: 'scope.delete-batch', answer: '403 AccessDenied', why: BATCH_ON_BUCKET, right: 'ours' },
  { check: 'scope.missing-own', answer: '404 NoSuchKey', why: MISSING_TOLD, right: 'ours' },
  { check: 'scope.missing-foreign', answer: '404 NoSuchKey', why: MISSING_TOLD, right: 'ours' },
  {
    check: 'scope.escaped-star',
    answer: '403 AccessDenied then 403 AccessDenied',
    why: 'Ceph does not know the escape: it allows nothing there, so that a name with a star is locked out',
    right: 'ours',
  },
  {
    check: 'signature.wrong-secret',
    answer: '403 AccessDenied',
    why: SIGNATURE_ENGINES,
    right: 'ours',
  },
  {
    check: 'signature.unknown-key',
    answer: '403 AccessDenied',
    why: SIGNATURE_ENGINES,
    right: 'ours',
  },
  {
    check: 'signature.malformed',
    answer: '400 InvalidArgument',
    why: 'Ceph has one code for bad headers',
    right: 'ours',
  },
  {
    check: 'presigned.too-long',
    answer: '403 AccessDenied',
    why: 'Ceph denies instead of naming the parameter',
    right: 'ours',
  },
  {
    check: 'presigned.not-yet',
    answer: '200',
    why: 'Ceph 16 does not look whether an address is valid yet',
    right: 'ours',
  },
  {
    check: 'presigned.tampered',
    answer: '403 AccessDenied',
    why: SIGNATURE_ENGINES,
    right: 'ours',
  },
  {
    check: 'presigned.other-method',
    answer: '403 AccessDenied',
    why: SIGNATURE_ENGINES,
    right: 'ours',
  },
];
