import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CONTAINER,
  containerSas,
  type Lab,
  namesIn,
  outcome,
  START,
  startLab,
  textOf,
} from './lab.ts';

const MIB = 1024 * 1024;
const id = (number: number): string => Buffer.from(`block${number}`).toString('base64');

describe('Azure state on disk', () => {
  let directory: string;
  let lab: Lab | undefined;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'azure-state-'));
  });
  afterEach(async () => {
    await lab?.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const open = async (): Promise<Lab> => {
    await lab?.close();
    lab = await startLab({ state: { kind: 'disk', directory } });
    return lab;
  };
  const blobFiles = (): string[] =>
    readdirSync(join(directory, 'blobs')).flatMap((fan) =>
      readdirSync(join(directory, 'blobs', fan)),
    );

  it('a restart serves the same containers, policies, blobs and open blocks', async () => {
    const first = await open();
    const container = first.container();
    await container.setMetadata({ kept: 'yes' });
    await container.setAccessPolicy(undefined, [
      { id: 'p', accessPolicy: { permissions: 'l', expiresOn: new Date(START + 1000) } },
    ]);
    await container.getBlockBlobClient('whole').upload('whole', 5, { metadata: { a: 'b' } });
    const blocks = container.getBlockBlobClient('blocks');
    for (const number of [1, 2]) await blocks.stageBlock(id(number), `part${number}`, 5);
    await blocks.commitBlockList([id(1), id(2)]);
    await blocks.stageBlock(id(3), 'part3', 5);
    const gone = first.owner().getContainerClient('gone');
    await gone.create();
    await gone.getBlockBlobClient('x').upload('x', 1);
    await gone.delete();
    const { etag } = await container.getBlobClient('whole').getProperties();

    const second = await open();
    const later = second.container();
    expect((await later.getProperties()).metadata).toEqual({ kept: 'yes' });
    expect(await outcome(namesIn(second.bySas(containerSas({ si: 'p', sp: '', se: '' }))))).toBe(
      'ok',
    );
    const whole = await later.getBlobClient('whole').getProperties();
    expect([whole.etag, whole.metadata]).toEqual([etag, { a: 'b' }]);
    const again = later.getBlockBlobClient('blocks');
    expect((await again.getBlockList('uncommitted')).uncommittedBlocks?.length).toBe(1);
    await again.stageBlock(id(4), 'part4', 5);
    await again.commitBlockList([id(3), id(1), id(4)]);
    expect(await textOf(later, 'blocks')).toBe('part3part1part4');
    // A tag of before the restart never comes again.
    const written = await later.getBlockBlobClient('new').upload('x', 1);
    expect(written.etag).not.toBe(etag);
    const names: string[] = [];
    for await (const found of second.owner().listContainers()) names.push(found.name);
    expect(names).toEqual([CONTAINER]);
    await expect.poll(() => blobFiles().length).toBe(5);
  });

  it('keeps no bytes that nothing refers to', async () => {
    const container = (await open()).container();
    const blob = container.getBlockBlobClient('x');
    await blob.upload('one', 3);
    await blob.upload('two', 3);
    expect(await outcome(blob.upload('no', 2, { conditions: { ifNoneMatch: '*' } }))).toBe(
      '409 BlobAlreadyExists',
    );
    await blob.stageBlock(id(1), 'a', 1);
    await blob.stageBlock(id(1), 'b', 1);
    await blob.stageBlock(id(2), 'c', 1);
    await blob.commitBlockList([id(2)]);
    await expect.poll(() => blobFiles().length).toBe(1);
    await container.getBlobClient('copy').syncCopyFromURL(blob.url);
    await blob.delete();
    expect(await textOf(container, 'copy')).toBe('c');
    await container.delete();
    await expect.poll(() => blobFiles().length).toBe(0);
    expect(readdirSync(join(directory, 'incoming'))).toEqual([]);
  });

  it('a container that was half deleted when the process was killed is gone', async () => {
    const first = await open();
    await first.container().getBlockBlobClient('x').upload('x', 1);
    const other = first.owner().getContainerClient('half');
    await other.create();
    await other.getBlockBlobClient('y').upload('y', 1);
    await first.close();
    const line = { session: { type: 'container.deleted', bucket: 'treeaccount/half' } };
    appendFileSync(join(directory, 'journal.ndjson'), `${JSON.stringify(line)}\n`);
    const second = await open();
    expect(await second.owner().getContainerClient('half').exists()).toBe(false);
    await second.owner().getContainerClient('half').create();
    expect(await namesIn(second.owner().getContainerClient('half'))).toEqual([]);
    await expect.poll(() => blobFiles().length).toBe(1);
  });

  it('refuses a folder that is being served', async () => {
    await open();
    const twice = startLab({ state: { kind: 'disk', directory } });
    await expect(twice).rejects.toMatchObject({ code: 'state.in-use' });
  });

  it('memory stays bounded while 300 MiB stream in and out', async () => {
    const container = (await open()).container();
    const blob = container.getBlockBlobClient('large');
    let sent = 0;
    let highest = 0;
    const measure = (): void => {
      highest = Math.max(highest, process.memoryUsage().rss);
    };
    const source = new Readable({
      read(): void {
        measure();
        if (sent >= 300) this.push(null);
        else this.push(Buffer.alloc(MIB, sent));
        sent += 1;
      },
    });
    const before = process.memoryUsage().rss;
    await blob.uploadStream(source, 4 * MIB, 2);
    expect((await blob.getProperties()).contentLength).toBe(300 * MIB);
    const reply = await blob.download();
    let bytes = 0;
    for await (const chunk of reply.readableStreamBody!) {
      measure();
      bytes += (chunk as Buffer).length;
    }
    expect(bytes).toBe(300 * MIB);
    expect((highest - before) / MIB).toBeLessThan(200);
  });
});
