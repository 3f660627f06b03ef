import type { BlockBlobClient } from '@azure/storage-blob';
import { type AzureTarget, answers, outcome, textOf } from '../azure-target.ts';
import type { Answer } from '../check.ts';
import type { AzureCheck } from './checks.ts';

const block = (number: number): string => Buffer.from(`block-${number}`).toString('base64');
const UNKNOWN = block(9);

function blockCheck(
  id: string,
  title: string,
  documented: Answer,
  run: (blob: BlockBlobClient, target: AzureTarget) => Promise<Answer>,
): AzureCheck {
  return {
    id: `block.${id}`,
    title,
    documented,
    run: async (target) => {
      const container = await target.container();
      return run(container.getBlockBlobClient('blob'), target);
    },
  };
}

const stage = (blob: BlockBlobClient, id: string, text: string) =>
  outcome(blob.stageBlock(id, text, text.length));
const read = (blob: BlockBlobClient) =>
  outcome(blob.download(), async ({ readableStreamBody }) => ({
    body: await textOf(readableStreamBody),
  }));
const lists = (blob: BlockBlobClient) =>
  outcome(blob.getBlockList('all'), ({ committedBlocks = [], uncommittedBlocks = [] }) => ({
    committed: committedBlocks.map(({ size }) => size).join(' '),
    uncommitted: uncommittedBlocks.map(({ size }) => size).join(' '),
  }));

export const BLOCK_CHECKS: readonly AzureCheck[] = [
  blockCheck(
    'commit',
    'blocks become a blob in the order of the list',
    '201 then 201 then 201 then 200 body=onetwo',
    (blob) =>
      answers([
        () => stage(blob, block(2), 'two'),
        () => stage(blob, block(1), 'one'),
        () => outcome(blob.commitBlockList([block(1), block(2)])),
        () => read(blob),
      ]),
  ),
  blockCheck('invisible', 'uncommitted blocks are no blob', '201 then 404 BlobNotFound', (blob) =>
    answers([() => stage(blob, block(1), 'x'), () => read(blob)]),
  ),
  blockCheck(
    'lists',
    'Get Block List tells committed and uncommitted blocks',
    '200 committed= uncommitted=3 then 200 committed=3 uncommitted= then 200 committed=3 uncommitted=5',
    async (blob) => {
      await stage(blob, block(1), 'one');
      const before = await lists(blob);
      await blob.commitBlockList([block(1)]);
      const after = await lists(blob);
      await stage(blob, block(2), 'other');
      return `${before} then ${after} then ${await lists(blob)}`;
    },
  ),
  blockCheck(
    'replaced',
    'a block that is sent again replaces the first',
    '200 body=second',
    async (blob) => {
      await stage(blob, block(1), 'first');
      await stage(blob, block(1), 'second');
      await blob.commitBlockList([block(1)]);
      return read(blob);
    },
  ),
  blockCheck(
    'dropped',
    'blocks that the list leaves out are gone',
    '200 committed=3 uncommitted=',
    async (blob) => {
      await stage(blob, block(1), 'one');
      await stage(blob, block(2), 'other');
      await blob.commitBlockList([block(1)]);
      return lists(blob);
    },
  ),
  blockCheck(
    'reused',
    'committed blocks can be committed again, with new ones',
    '200 body=onetwo',
    async (blob) => {
      await stage(blob, block(1), 'one');
      await blob.commitBlockList([block(1)]);
      await stage(blob, block(2), 'two');
      await blob.commitBlockList([block(1), block(2)]);
      return read(blob);
    },
  ),
  blockCheck(
    'unknown',
    'a list with a block that was never sent',
    '400 InvalidBlockList',
    async (blob) => {
      await stage(blob, block(1), 'one');
      return outcome(blob.commitBlockList([block(1), UNKNOWN]));
    },
  ),
  blockCheck('empty-list', 'an empty list makes an empty blob', '201 then 200 body=', (blob) =>
    answers([() => outcome(blob.commitBlockList([])), () => read(blob)]),
  ),
  blockCheck(
    'other-length',
    'block ids of another length than those before',
    '400 InvalidBlobOrBlock',
    async (blob) => {
      await stage(blob, block(1), 'one');
      return stage(blob, block(10), 'ten');
    },
  ),
  blockCheck(
    'no-base64',
    'a block id that is no base64',
    '400 InvalidQueryParameterValue',
    (blob) => stage(blob, 'not base64!', 'x'),
  ),
  blockCheck(
    'put-discards',
    'Put Blob discards uncommitted blocks',
    '200 committed= uncommitted=',
    async (blob) => {
      await stage(blob, block(1), 'one');
      await blob.upload('whole', 5);
      return lists(blob);
    },
  ),
  blockCheck('wrong-md5', 'a block that is not what its MD5 says', '400 Md5Mismatch', (blob) =>
    outcome(blob.stageBlock(block(1), 'x', 1, { transactionalContentMD5: new Uint8Array(16) })),
  ),
  blockCheck(
    'conditional-commit',
    'a create-only list onto a blob that exists',
    '409 BlobAlreadyExists',
    async (blob) => {
      await blob.upload('x', 1);
      await stage(blob, block(1), 'one');
      const conditions = { ifNoneMatch: '*' };
      return outcome(blob.commitBlockList([block(1)], { conditions }));
    },
  ),
];
