import type { Deviation } from '../check.ts';

const FAILED = '403 AuthorizationFailure';
const ONE_CODE =
  'Azurite answers AuthorizationFailure whatever is wrong with a SAS; Azure cannot verify it and ' +
  'says AuthenticationFailed';
const MISMATCH = '403 AuthorizationPermissionMismatch';

/** Where Azurite 3.37 answers otherwise than ours. */
export const AZURITE_DEVIATIONS: readonly Deviation[] = [
  {
    check: 'blob.range-outside',
    answer: '206 range=bytes 10-9/10 body=',
    why: 'Azurite gives an empty range that ends before it begins, just behind the end of a blob',
    right: 'ours',
  },
  {
    check: 'blob.copy-missing',
    answer: '404 BlobNotFound',
    why: 'Azure names the source of a copy in a code of its own',
    right: 'ours',
  },
  {
    check: 'block.put-discards',
    answer: '200 committed= uncommitted=3',
    why: 'Azurite keeps uncommitted blocks when Put Blob replaces the blob; Azure documents that it discards them',
    right: 'ours',
  },
  {
    check: 'list.max-zero',
    answer: '400',
    why: 'Azurite refuses without a code',
    right: 'ours',
  },
  {
    check: 'sas.create',
    answer: `201 then ${MISMATCH}`,
    why: 'Azurite takes it for a missing w; Azure has a code for it',
    right: 'ours',
  },
  {
    check: 'sas.blob',
    answer: `200 then ${FAILED} then ${FAILED}`,
    why: ONE_CODE,
    right: 'ours',
  },
  { check: 'sas.other-container', answer: FAILED, why: ONE_CODE, right: 'ours' },
  {
    check: 'sas.container-operations',
    answer: `${MISMATCH} then ${MISMATCH}`,
    why: 'Azurite takes it for a missing letter, although no letter opens it',
    right: 'open',
  },
  { check: 'sas.widened', answer: FAILED, why: ONE_CODE, right: 'ours' },
  { check: 'sas.other-key', answer: FAILED, why: ONE_CODE, right: 'ours' },
  {
    check: 'sas.other-ip',
    answer: '200',
    why: 'Azurite does not look at the sender’s address',
    right: 'ours',
  },
  {
    check: 'sas.expiry',
    answer: `200 then ${FAILED} then ${FAILED} then 200`,
    why: ONE_CODE,
    right: 'ours',
  },
  { check: 'sas.start', answer: `${FAILED} then 200`, why: ONE_CODE, right: 'ours' },
  {
    check: 'policy.expiry',
    answer: `200 then ${FAILED} then 200`,
    why: ONE_CODE,
    right: 'ours',
  },
  { check: 'policy.removed', answer: `200 then ${FAILED}`, why: ONE_CODE, right: 'ours' },
  {
    check: 'policy.six',
    answer: '200',
    why: 'Azurite does not count stored access policies; Azure has five at most',
    right: 'ours',
  },
  {
    check: 'key.wrong',
    answer: '400 InvalidAuthenticationInfo',
    why: 'Azurite takes a wrong signature for a malformed header',
    right: 'ours',
  },
  {
    check: 'key.skew-16',
    answer: '404 ContainerNotFound',
    why: 'Azurite does not look at the date of a request; Azure wants it within 15 minutes',
    right: 'ours',
  },
  {
    check: 'anonymous.read',
    answer: FAILED,
    why: 'Azurite does not challenge; Azure asks for a bearer token since version 2019-12-12',
    right: 'ours',
  },
  {
    check: 'token.expired',
    answer: '403 AuthenticationFailed',
    why: 'Azurite refuses an expired bearer token as it does a SAS; Azure answers 401 with a challenge',
    right: 'ours',
  },
  {
    check: 'delegation.expiry',
    answer: `200 then ${FAILED} then 200`,
    why: ONE_CODE,
    right: 'ours',
  },
  { check: 'delegation.key-ends', answer: `200 then ${FAILED}`, why: ONE_CODE, right: 'ours' },
  {
    check: 'delegation.too-long',
    answer: '200',
    why: 'Azurite does not know the limit of seven days',
    right: 'ours',
  },
];
