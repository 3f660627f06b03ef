import type { BlobDownloadOptions, BlockBlobClient } from '@azure/storage-blob';
import { type AzureTarget, answers, outcome, textOf } from '../azure-target.ts';
import type { Answer } from '../check.ts';
import type { AzureCheck } from './checks.ts';

const DIGITS = '0123456789';

function download(
  blob: BlockBlobClient,
  offset?: number,
  count?: number,
  options: BlobDownloadOptions = {},
) {
  return outcome(blob.download(offset, count, options), async (reply) => ({
    range: reply.contentRange,
    body: await textOf(reply.readableStreamBody),
  }));
}

const put = (blob: BlockBlobClient, text: string) => outcome(blob.upload(text, text.length));

/** A blob of a fresh container that holds the ten digits. */
async function digits(target: AzureTarget, name = 'digits'): Promise<BlockBlobClient> {
  const container = await target.container();
  const blob = container.getBlockBlobClient(name);
  await blob.upload(DIGITS, DIGITS.length);
  return blob;
}

function blobCheck(
  id: string,
  title: string,
  documented: Answer,
  run: (blob: BlockBlobClient, target: AzureTarget) => Promise<Answer>,
): AzureCheck {
  return { id, title, documented, run: async (target) => run(await digits(target), target) };
}

export const BLOB_CHECKS: readonly AzureCheck[] = [
  {
    id: 'container.life',
    title: 'a container is made once, seen and removed',
    documented: '201 then 409 ContainerAlreadyExists then 200 then 202 then 404 ContainerNotFound',
    run: (target) => {
      const container = target.service().getContainerClient('wire-life');
      return answers([
        () => outcome(container.create()),
        () => outcome(container.create()),
        () => outcome(container.getProperties()),
        () => outcome(container.delete()),
        () => outcome(container.delete()),
      ]);
    },
  },
  {
    id: 'container.bad-name',
    title: 'a container with capitals in its name',
    documented: '400 InvalidResourceName',
    run: (target) => outcome(target.service().getContainerClient('Capital').create()),
  },
  {
    id: 'container.metadata',
    title: 'metadata of a container',
    documented: '200 metadata={"one":"1"}',
    run: async (target) => {
      const container = await target.container();
      await container.setMetadata({ one: '1' });
      return outcome(container.getProperties(), ({ metadata }) => ({ metadata }));
    },
  },
  blobCheck(
    'blob.put',
    'Put Blob makes, and replaces',
    '201 then 200 range=none body=second',
    (blob) => answers([() => put(blob, 'second'), () => download(blob)]),
  ),
  blobCheck('blob.empty', 'an empty blob is a blob', '201 then 200 range=none body=', (blob) =>
    answers([() => put(blob, ''), () => download(blob)]),
  ),
  blobCheck(
    'blob.properties',
    'Get Blob Properties: length, type of the blob, tier',
    '200 length=10 kind=BlockBlob type=application/octet-stream',
    (blob) =>
      outcome(blob.getProperties(), (reply) => ({
        length: reply.contentLength,
        kind: reply.blobType,
        type: reply.contentType,
      })),
  ),
  blobCheck(
    'blob.md5',
    'the MD5 of a blob put in one piece is kept',
    '200 md5=eB5eJF1ptWaXm4bijSPyxw==',
    (blob) =>
      outcome(blob.getProperties(), ({ contentMD5 }) => ({
        md5: contentMD5 && Buffer.from(contentMD5).toString('base64'),
      })),
  ),
  blobCheck(
    'blob.missing',
    'a blob that is not there',
    '404 BlobNotFound then 404 BlobNotFound',
    (_blob, target) =>
      target.container().then((container) => {
        const none = container.getBlockBlobClient('none');
        return answers([() => download(none), () => outcome(none.getProperties())]);
      }),
  ),
  {
    id: 'blob.missing-container',
    title: 'a blob in a container that is not there',
    documented: '404 ContainerNotFound then 404 ContainerNotFound',
    run: (target) => {
      const blob = target.service().getContainerClient('wire-none').getBlockBlobClient('x');
      return answers([() => download(blob), () => put(blob, 'x')]);
    },
  },
  blobCheck('blob.delete', 'Delete Blob, once', '202 then 404 BlobNotFound', (blob) =>
    answers([() => outcome(blob.delete()), () => outcome(blob.delete())]),
  ),
  blobCheck('blob.range', 'a range in the middle', '206 range=bytes 2-4/10 body=234', (blob) =>
    download(blob, 2, 3),
  ),
  blobCheck('blob.range-open', 'from byte 7 on', '206 range=bytes 7-9/10 body=789', (blob) =>
    download(blob, 7),
  ),
  blobCheck(
    'blob.range-past-end',
    'a range ends at the end',
    '206 range=bytes 7-9/10 body=789',
    (blob) => download(blob, 7, 100),
  ),
  blobCheck('blob.range-outside', 'a range behind the end', '416 InvalidRange', (blob) =>
    download(blob, 10, 1),
  ),
  blobCheck(
    'blob.metadata',
    'metadata are set, replaced and told',
    '200 metadata={"b":"2"}',
    async (blob) => {
      await blob.setMetadata({ a: '1' });
      await blob.setMetadata({ b: '2' });
      return outcome(blob.getProperties(), ({ metadata }) => ({ metadata }));
    },
  ),
  blobCheck(
    'blob.metadata-bad-name',
    'a metadata name that is no identifier',
    '400 InvalidMetadata',
    (blob) => outcome(blob.setMetadata({ 'a-b': '1' })),
  ),
  blobCheck(
    'blob.headers',
    'HTTP headers are set and told',
    '200 type=text/x cache=no-cache language=de',
    async (blob) => {
      await blob.setHTTPHeaders({
        blobContentType: 'text/x',
        blobCacheControl: 'no-cache',
        blobContentLanguage: 'de',
      });
      return outcome(blob.getProperties(), (reply) => ({
        type: reply.contentType,
        cache: reply.cacheControl,
        language: reply.contentLanguage,
      }));
    },
  ),
  blobCheck('blob.wrong-md5', 'a body that is not what its MD5 says', '400 Md5Mismatch', (blob) =>
    outcome(blob.upload('x', 1, { transactionalContentMD5: new Uint8Array(16) } as object)),
  ),
  {
    id: 'blob.odd-names',
    title: 'names with blanks, signs, escapes and other scripts are kept as they are',
    documented: '200 same=true',
    run: async (target) => {
      const container = await target.container();
      const found = new Set<Answer>();
      for (const name of ['a b', 'a+b', 'a%2Fb', '"\'&<>', '*?$', 'ä€😀', '~!()@,;=:', 'a//b']) {
        const blob = container.getBlockBlobClient(name);
        await blob.upload(name, Buffer.byteLength(name));
        const read = outcome(blob.download(), async ({ readableStreamBody }) => ({
          same: (await textOf(readableStreamBody)) === name,
        }));
        found.add(await read);
      }
      return [...found].join('; ');
    },
  },
  blobCheck(
    'blob.copy',
    'Copy Blob within the account',
    '202 status=success then 200 range=none body=0123456789',
    async (blob, target) => {
      const container = await target.container();
      const copy = container.getBlockBlobClient('copy');
      const poller = await copy.beginCopyFromURL(blob.url);
      const done = await poller.pollUntilDone();
      return `202 status=${done.copyStatus} then ${await download(copy)}`;
    },
  ),
  blobCheck(
    'blob.copy-missing',
    'Copy Blob of what is not there',
    '404 CannotVerifyCopySource',
    async (blob, target) => {
      const container = await target.container();
      return outcome(container.getBlockBlobClient('copy').syncCopyFromURL(`${blob.url}-none`));
    },
  ),
];
