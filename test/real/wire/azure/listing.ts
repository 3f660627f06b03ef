import type { ContainerClient, ContainerListBlobsOptions } from '@azure/storage-blob';
import { type AzureTarget, outcome } from '../azure-target.ts';
import type { Answer } from '../check.ts';
import type { AzureCheck } from './checks.ts';

const NAMES = ['a', 'b/1', 'b/2', 'b/c/3', 'b0', 'd'];

async function filled(target: AzureTarget, names: readonly string[] = NAMES) {
  const container = await target.container();
  for (const name of names) await container.getBlockBlobClient(name).upload('x', 1);
  return container;
}

async function flat(
  container: ContainerClient,
  options: ContainerListBlobsOptions = {},
  maxPageSize?: number,
): Promise<Answer> {
  const pages: string[] = [];
  const settings = maxPageSize === undefined ? {} : { maxPageSize };
  for await (const page of container.listBlobsFlat(options).byPage(settings)) {
    pages.push(page.segment.blobItems.map(({ name }) => name).join(' '));
  }
  return pages.join(' | ');
}

async function folded(container: ContainerClient, prefix: string, maxPageSize?: number) {
  const pages: string[] = [];
  const settings = maxPageSize === undefined ? {} : { maxPageSize };
  for await (const page of container.listBlobsByHierarchy('/', { prefix }).byPage(settings)) {
    const { blobItems, blobPrefixes = [] } = page.segment;
    const names = [
      ...blobItems.map(({ name }) => name),
      ...blobPrefixes.map(({ name }) => `[${name}]`),
    ];
    pages.push(names.join(' '));
  }
  return pages.join(' | ');
}

function listCheck(
  id: string,
  title: string,
  documented: Answer,
  run: (container: ContainerClient, target: AzureTarget) => Promise<Answer>,
): AzureCheck {
  return {
    id: `list.${id}`,
    title,
    documented,
    run: async (target) => run(await filled(target), target),
  };
}

export const AZURE_LISTING_CHECKS: readonly AzureCheck[] = [
  listCheck('all', 'all names', 'a b/1 b/2 b/c/3 b0 d', (container) => flat(container)),
  listCheck('prefix', 'a prefix is text: b also finds b0', 'b/1 b/2 b/c/3 b0', (container) =>
    flat(container, { prefix: 'b' }),
  ),
  listCheck('nothing', 'a prefix that no name has', '', (container) =>
    flat(container, { prefix: 'none' }),
  ),
  listCheck('pages', 'pages of two give each name once', 'a b/1 | b/2 b/c/3 | b0 d', (container) =>
    flat(container, {}, 2),
  ),
  listCheck('delimiter', 'a delimiter folds what lies below it', 'a b0 d [b/]', (container) =>
    folded(container, ''),
  ),
  listCheck('delimiter-deeper', 'a delimiter behind a prefix', 'b/1 b/2 [b/c/]', (container) =>
    folded(container, 'b/'),
  ),
  listCheck('delimiter-pages', 'a folded name counts once', 'a | [b/] | b0 | d', (container) =>
    folded(container, '', 1),
  ),
  listCheck(
    'order',
    'names come in the order of their characters',
    'A Z a z ~ ä',
    async (_container, target) => flat(await filled(target, ['z', 'ä', 'A', 'a', '~', 'Z'])),
  ),
  listCheck(
    'metadata',
    'metadata come when they are asked for',
    'without none, with {"one":"1"}',
    async (container) => {
      await container.getBlockBlobClient('a').setMetadata({ one: '1' });
      const first = async (includeMetadata: boolean) => {
        for await (const blob of container.listBlobsFlat({ includeMetadata })) {
          return JSON.stringify(blob.metadata) ?? 'none';
        }
        return 'nothing';
      };
      return `without ${await first(false)}, with ${await first(true)}`;
    },
  ),
  listCheck(
    'uncommitted',
    'blobs with nothing but blocks come when they are asked for',
    'a b/1 b/2 b/c/3 b0 d then a b/1 b/2 b/c/3 b0 d e',
    async (container) => {
      await container
        .getBlockBlobClient('e')
        .stageBlock(Buffer.from('1').toString('base64'), 'x', 1);
      const without = await flat(container);
      return `${without} then ${await flat(container, { includeUncommitedBlobs: true })}`;
    },
  ),
  {
    id: 'list.missing-container',
    title: 'the listing of a container that is not there',
    documented: '404 ContainerNotFound',
    run: (target) =>
      target.send({
        method: 'GET',
        path: '/wire-none',
        query: { restype: 'container', comp: 'list' },
      }),
  },
  listCheck('max-zero', 'maxresults=0', '400 OutOfRangeQueryParameterValue', (container, target) =>
    target.send({
      method: 'GET',
      path: `/${container.containerName}`,
      query: { restype: 'container', comp: 'list', maxresults: '0' },
    }),
  ),
  {
    id: 'list.containers',
    title: 'List Containers is served',
    documented: '200',
    run: (target) => target.send({ method: 'GET', path: '/', query: { comp: 'list' } }),
  },
  {
    id: 'list.account',
    title: 'Get Account Information is served',
    documented: '200 kind=StorageV2',
    run: (target) =>
      outcome(target.service().getAccountInfo(), ({ accountKind }) => ({ kind: accountKind })),
  },
];
