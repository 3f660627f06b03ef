import { connect } from 'node:net';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BUCKET, type Lab, ping, refusal, START, startLab } from './lab.ts';
import { plainRequest } from './raw-client.ts';

const Bucket = BUCKET;

describe('faults', () => {
  let lab: Lab;
  beforeEach(async () => {
    lab = await startLab();
  });
  afterEach(async () => {
    await lab.close();
    expect(lab.internalErrors).toEqual([]);
  });

  const put = (Key = 'k', client = lab.s3()) =>
    client.send(new PutObjectCommand({ Bucket, Key, Body: 'body' }));

  it.each([
    ['SlowDown', 503],
    ['InternalError', 500],
    ['ExpiredToken', 400],
    ['AccessDenied', 403],
  ])('%s at the second and third call on a prefix', async (code, status) => {
    lab.storage.faults.add({
      kind: 'error',
      operation: 'PutObject',
      keyPrefix: 'a/',
      nth: 2,
      repeat: 2,
      code,
      status,
      retryAfterSeconds: 1,
    });
    await put('a/1');
    await put('b/1');
    for (let call = 0; call < 2; call += 1) {
      expect(await refusal(put('a/2'))).toMatchObject({ code, status });
    }
    await put('a/2');
    expect(lab.storage.faults.fired().map(({ matched, fired }) => [matched, fired])).toEqual([
      [4, 2],
    ]);
    lab.storage.faults.clear();
    expect(lab.storage.faults.fired()).toEqual([]);
  });

  it('a throttled request carries Retry-After, and the SDK gets through by itself', async () => {
    lab.storage.faults.add({
      kind: 'error',
      nth: 1,
      code: 'SlowDown',
      status: 503,
      retryAfterSeconds: 0,
    });
    await put('k', lab.s3(undefined, { maxAttempts: 3 }));
    expect(lab.records.map((record) => record.status)).toEqual([503, 200]);
  });

  it('STS errors', async () => {
    lab.storage.faults.add({
      kind: 'error',
      operation: 'AssumeRole',
      nth: 1,
      code: 'Throttling',
      status: 400,
    });
    expect((await refusal(lab.assume())).code).toBe('Throttling');
    await lab.sts().send(new GetCallerIdentityCommand({}));
    await lab.assume();
  });

  it('a reset before the work leaves nothing, one after it loses only the reply', async () => {
    lab.storage.faults.add({ kind: 'reset', operation: 'PutObject', nth: 1 });
    lab.storage.faults.add({ kind: 'reset', operation: 'PutObject', nth: 2, when: 'after' });
    const head = (Key: string) => lab.s3().send(new HeadObjectCommand({ Bucket, Key }));
    expect((await refusal(put('before'))).status).toBe(0);
    expect((await refusal(head('before'))).status).toBe(404);
    expect((await refusal(put('after'))).status).toBe(0);
    await head('after');
  });

  it('a lost reply of a completion: the repeat succeeds', async () => {
    lab.storage.faults.add({
      kind: 'reset',
      operation: 'CompleteMultipartUpload',
      nth: 1,
      when: 'after',
    });
    const s3 = lab.s3(undefined, { maxAttempts: 3 });
    const target = { Bucket, Key: 'm' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
    const upload = { ...target, UploadId: UploadId! };
    const { ETag } = await s3.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'x' }));
    const Parts = [{ PartNumber: 1, ETag: ETag! }];
    await s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
    expect(lab.storage.faults.fired()[0]).toMatchObject({ matched: 2, fired: 1 });
  });

  it('a corrupted body is found by the SDK; the stored bytes are whole', async () => {
    await put();
    lab.storage.faults.add({ kind: 'corruptBody', operation: 'GetObject', nth: 1 });
    const read = async () => {
      const reply = await lab.s3().send(new GetObjectCommand({ Bucket, Key: 'k' }));
      return reply.Body!.transformToString();
    };
    await expect(read()).rejects.toThrow(/checksum/i);
    expect(await read()).toBe('body');
  });

  it('C19: a fresh key becomes known only after the propagation delay', async () => {
    lab.storage.faults.add({
      kind: 'delayKeyPropagation',
      operation: 'AssumeRole',
      nth: 1,
      ms: 5000,
    });
    const keys = await lab.assume();
    lab.clock.at = START + 4999;
    expect((await refusal(put('k', lab.s3(keys)))).code).toBe('InvalidAccessKeyId');
    lab.clock.at = START + 5000;
    await put('k', lab.s3(keys));
    await put('k', lab.s3(await lab.assume()));
  });

  it('a delay waits as long as it says, by the wait that was injected', async () => {
    const waited: number[] = [];
    const wait = async (ms: number) => void waited.push(ms);
    const slow = await startLab({ wait });
    slow.storage.faults.add({ kind: 'delay', operation: 'PutObject', nth: 1, ms: 1234 });
    slow.storage.faults.add({ kind: 'delay', operation: 'AssumeRole', nth: 1, ms: 77 });
    await put('k', slow.s3());
    await put('k', slow.s3());
    await slow.assume();
    expect(waited).toEqual([1234, 77]);
    await slow.close();
  });

  it('a skewed clock makes good requests too early or too late, for so many calls', async () => {
    const minute = 60_000;
    for (const ms of [16 * minute, -16 * minute]) {
      lab.storage.faults.add({ kind: 'skewClock', nth: 1, repeat: 2, ms });
      for (let call = 0; call < 2; call += 1) {
        expect((await refusal(put())).code).toBe('RequestTimeTooSkewed');
      }
      await put();
      lab.storage.faults.clear();
    }
    lab.storage.faults.add({ kind: 'skewClock', nth: 1, ms: 14 * minute });
    await put();
    const operation = 'PutObject';
    const bound = { kind: 'skewClock', nth: 1, ms: 1, operation } as const;
    expect(() => lab.storage.faults.add(bound)).toThrow(RangeError);
  });

  it('refuses a count below 1', () => {
    expect(() => lab.storage.faults.add({ kind: 'reset', nth: 0 })).toThrow(RangeError);
  });
});

describe('the server', () => {
  it('closing ends open connections at once, and is done only once', async () => {
    const lab = await startLab();
    const idle = connect(lab.storage.port, '127.0.0.1');
    const closed = new Promise((resolve) => idle.on('close', resolve).on('error', () => undefined));
    // Kept alive after one answer. (Bun's server does not know a connection before its first byte.)
    idle.write(plainRequest('GET', '/'));
    await new Promise((resolve) => idle.once('data', resolve));
    await ping(lab.s3());
    await Promise.all([lab.close(), lab.close()]);
    await closed;
    expect((await refusal(ping(lab.s3()))).code).toMatch(/ECONNREFUSED|Error|ConnectionRefused/);
  });

  it('two runs from the same random bytes issue the same keys', async () => {
    const issued = [];
    for (let run = 0; run < 2; run += 1) {
      const lab = await startLab();
      issued.push(await lab.assume());
      await lab.close();
    }
    expect(issued[0]).toEqual(issued[1]);
  });
});
