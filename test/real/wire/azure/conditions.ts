import type { BlobRequestConditions, BlockBlobClient } from '@azure/storage-blob';
import { outcome } from '../azure-target.ts';
import type { Answer } from '../check.ts';
import type { AzureCheck } from './checks.ts';

const OTHER = '"0x8D00000000000"';
const LONG_AGO = new Date('2001-01-01T00:00:00Z');

const get = (blob: BlockBlobClient, conditions: BlobRequestConditions) =>
  outcome(blob.download(undefined, undefined, { conditions }));
const put = (blob: BlockBlobClient, conditions: BlobRequestConditions) =>
  outcome(blob.upload('second', 6, { conditions }));

/** On a blob that exists; its entity tag is given. */
function check(
  id: string,
  title: string,
  documented: Answer,
  run: (blob: BlockBlobClient, etag: string) => Promise<Answer>,
): AzureCheck {
  return {
    id: `condition.${id}`,
    title,
    documented,
    run: async (target) => {
      const blob = (await target.container()).getBlockBlobClient('blob');
      const { etag = '' } = await blob.upload('first', 5);
      return run(blob, etag);
    },
  };
}

export const AZURE_CONDITION_CHECKS: readonly AzureCheck[] = [
  check('get-match', 'If-Match that holds', '200', (blob, ifMatch) => get(blob, { ifMatch })),
  check('get-match-other', 'If-Match that does not hold', '412 ConditionNotMet', (blob) =>
    get(blob, { ifMatch: OTHER }),
  ),
  check('get-none-match', 'If-None-Match of the same', '304 ConditionNotMet', (blob, etag) =>
    get(blob, { ifNoneMatch: etag }),
  ),
  check('get-none-match-other', 'If-None-Match of another', '200', (blob) =>
    get(blob, { ifNoneMatch: OTHER }),
  ),
  check('get-modified', 'If-Modified-Since long ago', '200', (blob) =>
    get(blob, { ifModifiedSince: LONG_AGO }),
  ),
  check('get-unmodified', 'If-Unmodified-Since long ago', '412 ConditionNotMet', (blob) =>
    get(blob, { ifUnmodifiedSince: LONG_AGO }),
  ),
  check('put-create-again', 'create-only put onto what exists', '409 BlobAlreadyExists', (blob) =>
    put(blob, { ifNoneMatch: '*' }),
  ),
  {
    id: 'condition.put-create',
    title: 'create-only put of a new name',
    documented: '201',
    run: async (target) => {
      const container = await target.container();
      return put(container.getBlockBlobClient('new'), { ifNoneMatch: '*' });
    },
  },
  check('put-match', 'put with If-Match that holds', '201', (blob, ifMatch) =>
    put(blob, { ifMatch }),
  ),
  check('put-match-other', 'put with If-Match that does not hold', '412 ConditionNotMet', (blob) =>
    put(blob, { ifMatch: OTHER }),
  ),
  {
    id: 'condition.put-match-missing',
    title: 'put with If-Match of what is not there',
    documented: '412 ConditionNotMet',
    run: async (target) => {
      const container = await target.container();
      return put(container.getBlockBlobClient('none'), { ifMatch: OTHER });
    },
  },
  check(
    'delete-match-other',
    'Delete Blob with If-Match that does not hold',
    '412 ConditionNotMet',
    (blob) => outcome(blob.delete({ conditions: { ifMatch: OTHER } })),
  ),
  check(
    'metadata-match-other',
    'Set Blob Metadata with If-Match that does not hold',
    '412 ConditionNotMet',
    (blob) => outcome(blob.setMetadata({ a: '1' }, { conditions: { ifMatch: OTHER } })),
  ),
  check(
    'put-race',
    'of five create-only puts at once exactly one wins',
    'one wins',
    async (blob) => {
      await blob.delete();
      const attempts = [1, 2, 3, 4, 5].map(() => put(blob, { ifNoneMatch: '*' }));
      const wins = (await Promise.all(attempts)).filter((answer) => answer === '201');
      return wins.length === 1 ? 'one wins' : `${wins.length} win`;
    },
  ),
];
