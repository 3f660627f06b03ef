import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SortedKeys } from '../../../sim/storage/core/sorted-keys.ts';
import { ADMIN, BUCKET, type Lab, ping, refusal, START, startLab } from './lab.ts';

const Bucket = BUCKET;

describe('state on disk', () => {
  let directory: string;
  let labs: Lab[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'storage-state-'));
  });
  afterEach(async () => {
    for (const lab of labs) await lab.close();
    labs = [];
    rmSync(directory, { recursive: true, force: true });
  });

  const open = async (): Promise<Lab> => {
    const lab = await startLab({ state: { kind: 'disk', directory } });
    labs.push(lab);
    return lab;
  };
  const blobFiles = (): string[] =>
    readdirSync(join(directory, 'blobs')).flatMap((fan) =>
      readdirSync(join(directory, 'blobs', fan)),
    );
  const read = async (s3: S3Client, Key: string): Promise<string> =>
    (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString('latin1');

  it('a restart serves the same objects, uploads and sessions', async () => {
    const first = await open();
    const s3 = first.s3();
    await s3.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'one', Metadata: { a: 'b' } }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'gone', Body: 'two' }));
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/gone` }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone' }));
    const begin = new CreateMultipartUploadCommand({ Bucket, Key: 'multi' });
    const { UploadId } = await s3.send(begin);
    const upload = { Bucket, Key: 'multi', UploadId: UploadId! };
    await s3.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'part one' }));
    const keys = await first.assume({ seconds: 14 * 86_400 });
    await first.close();

    const second = await open();
    const later = second.s3(keys);
    expect([await read(later, 'kept'), await read(later, 'copy')]).toEqual(['one', 'two']);
    const kept = await later.send(new GetObjectCommand({ Bucket, Key: 'kept' }));
    expect([kept.Metadata, kept.LastModified?.getTime()]).toEqual([{ a: 'b' }, START]);
    const listed = await later.send(new ListObjectsV2Command({ Bucket }));
    expect(listed.Contents?.map((item) => item.Key)).toEqual(['copy', 'kept']);
    const { Parts } = await later.send(new ListPartsCommand(upload));
    const completion = new CompleteMultipartUploadCommand({
      ...upload,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: Parts![0]!.ETag! }] },
    });
    const { ETag } = await later.send(completion);
    // The same random bytes come again after the restart, the same identifiers must not.
    const again = await second
      .s3()
      .send(new CreateMultipartUploadCommand({ Bucket, Key: 'multi' }));
    expect(again.UploadId).not.toBe(UploadId);
    expect((await second.assume()).accessKeyId).not.toBe(keys.accessKeyId);
    await second.close();

    const third = await open();
    expect(await read(third.s3(), 'multi')).toBe('part one');
    expect((await third.s3().send(completion)).ETag).toBe(ETag);
    third.clock.at = keys.expiresAt;
    expect((await refusal(third.s3(keys).send(new ListObjectsV2Command({ Bucket })))).code).toBe(
      'ExpiredToken',
    );
  });

  it('keeps no bytes that nothing refers to', async () => {
    const { s3: client } = await open();
    const s3 = client();
    const put = (Key: string, more: object = {}) =>
      s3.send(new PutObjectCommand({ Bucket, Key, Body: 'bytes', ...more }));
    await put('a');
    await put('a');
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'b', CopySource: `${Bucket}/a` }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    expect(await read(s3, 'b')).toBe('bytes');
    await expect.poll(() => blobFiles().length).toBe(1);
    expect((await refusal(put('b', { IfNoneMatch: '*' }))).status).toBe(412);
    expect((await refusal(put('c', { ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' }))).code).toBe(
      'BadDigest',
    );
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'm' }));
    const upload = { Bucket, Key: 'm', UploadId: UploadId! };
    await s3.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x' }));
    await s3.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'y' }));
    await s3.send(new AbortMultipartUploadCommand(upload));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'b' }));
    await expect.poll(() => blobFiles().length).toBe(0);
    expect(readdirSync(join(directory, 'incoming'))).toEqual([]);
  });

  it('an object that is read while it is deleted is read to its end', async () => {
    const lab = await open();
    const s3 = lab.s3();
    const Body = Buffer.alloc(8 * 1024 * 1024, 'r');
    await s3.send(new PutObjectCommand({ Bucket, Key: 'read', Body }));
    const reply = await s3.send(new GetObjectCommand({ Bucket, Key: 'read' }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'read' }));
    expect((await reply.Body!.transformToByteArray()).length).toBe(Body.length);
    await expect.poll(() => blobFiles().length).toBe(0);
  });

  it('cleans what a killed process left and cuts a torn journal line', async () => {
    const first = await open();
    await first.s3().send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'kept' }));
    await first.close();
    writeFileSync(join(directory, 'incoming', '77'), 'half');
    writeFileSync(join(directory, 'blobs', '4d', '333'), 'orphan');
    appendFileSync(join(directory, 'journal.ndjson'), '{"core":{"type":"object.pu');
    const second = await open();
    expect(await read(second.s3(), 'kept')).toBe('kept');
    expect(readdirSync(join(directory, 'incoming'))).toEqual([]);
    expect(blobFiles().length).toBe(1);
    await second.s3().send(new PutObjectCommand({ Bucket, Key: 'new', Body: 'new' }));
    await second.close();
    const third = await open();
    expect(await read(third.s3(), 'new')).toBe('new');
  });

  it('keeps the journal short and its files private', async () => {
    const first = await open();
    const s3 = first.s3();
    for (let count = 0; count < 300; count += 1) {
      await s3.send(new PutObjectCommand({ Bucket, Key: 'same', Body: `${count}` }));
    }
    await first.close();
    const journal = join(directory, 'journal.ndjson');
    const before = statSync(journal).size;
    const second = await open();
    expect(statSync(journal).size).toBeLessThan(before / 50);
    expect(statSync(journal).mode & 0o077).toBe(0);
    expect(await read(second.s3(), 'same')).toBe('299');
  });

  it.each([
    [
      'another version',
      'state.version',
      'format.json',
      '{"format":"fortnight-storage","version":2}',
    ],
    ['another format', 'state.foreign', 'format.json', '{"format":"other","version":1}'],
    ['a format file that is none', 'state.foreign', 'format.json', 'x'],
    ['a folder of other things', 'state.foreign', 'holiday.jpg', 'x'],
    ['a damaged journal', 'state.corrupt', 'journal.ndjson', '{"core":{"ty\n{}\n'],
  ])('refuses %s', async (_name, code, file, text) => {
    if (file === 'journal.ndjson') await (await open()).close();
    writeFileSync(join(directory, file), text);
    await expect(open()).rejects.toMatchObject({ code });
    expect(existsSync(join(directory, 'lock'))).toBe(false);
  });

  it('refuses a folder that is being served', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: 'state.in-use' });
    await first.close();
    await ping((await open()).s3());
  });

  it('loses nothing acknowledged when killed with -9, and leaves nothing half', async () => {
    const child = spawn(
      process.execPath,
      [
        ...(process.versions.bun ? [] : ['--experimental-strip-types', '--no-warnings']),
        join(import.meta.dirname, 'crash-child.ts'),
        directory,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let output = '';
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (data) => {
        output += data;
        if (output.includes('stored 15\n')) child.kill('SIGKILL');
      });
      child.on('close', () => resolve());
    });
    const stored = Math.max(...Array.from(output.matchAll(/stored (\d+)\n/g), (m) => Number(m[1])));
    expect(stored).toBeGreaterThanOrEqual(15);
    const lab = await open();
    const s3 = lab.s3(ADMIN);
    for (let count = 1; count <= stored; count += 1) {
      const bytes = Buffer.from(await read(s3, `object-${count}`), 'latin1');
      expect(bytes.equals(Buffer.alloc(200_000 + count, count))).toBe(true);
    }
    const last = (await read(s3, 'overwritten')).length - 200_000;
    expect([stored, stored + 1]).toContain(last);
    const UploadId = /upload (\w+)/.exec(output)![1]!;
    const { Parts } = await s3.send(new ListPartsCommand({ Bucket, Key: 'upload', UploadId }));
    expect(Parts!.length).toBeGreaterThanOrEqual(stored);
    expect(readdirSync(join(directory, 'incoming'))).toEqual([]);
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
    expect(blobFiles().length).toBe(Contents!.length + Parts!.length);
  });
});

describe('sorted keys', () => {
  it('stay a sorted set through many changes', () => {
    const keys = new SortedKeys();
    const model = new Set<string>();
    for (let step = 0; step < 5000; step += 1) {
      const key = `k${(step * 7919) % 1700}`;
      if (step % 3 === 2) expect(keys.delete(key)).toBe(model.delete(key));
      else {
        expect(keys.add(key)).toBe(!model.has(key));
        model.add(key);
      }
    }
    const sorted = [...model].sort();
    expect([...keys.from('')]).toEqual(sorted);
    expect([...keys.from('k5')]).toEqual(sorted.filter((key) => key >= 'k5'));
    expect(keys.size).toBe(model.size);
  });
});
