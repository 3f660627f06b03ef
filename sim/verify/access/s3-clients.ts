import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { createS3Client } from '../../../adapters/s3/client.ts';
import type { S3Dialect } from '../../../adapters/s3/dialects.ts';
import { translateS3Error } from '../../../adapters/s3/errors.ts';
import type { Clock } from '../../../machines/ports/clock.ts';
import type {
  StorageCredential,
  StorageLocation,
} from '../../../machines/ports/storage-credential.ts';
import type { CopyWay } from './access.ts';

export interface RawS3Options {
  readonly location: StorageLocation;
  readonly dialect: S3Dialect;
  readonly clock: Clock;
}

/** Requests that no object store makes, because no mover needs them: what a thief would try. */
export class RawS3 {
  readonly #options: RawS3Options;
  readonly #clients = new Map<StorageCredential, S3Client>();

  constructor(options: RawS3Options) {
    this.#options = options;
  }

  copies(credential: StorageCredential, from: string, to: string): readonly CopyWay[] {
    const { bucket: Bucket } = this.#options.location;
    const CopySource = `${Bucket}/${from.split('/').map(encodeURIComponent).join('/')}`;
    const client = this.#client(credential);
    const run = (operation: string, work: () => Promise<unknown>) =>
      this.#run(operation, credential, work);
    return [
      {
        name: 'CopyObject',
        run: () =>
          run('CopyObject', () =>
            client.send(new CopyObjectCommand({ Bucket, Key: to, CopySource })),
          ),
      },
      {
        name: 'UploadPartCopy',
        run: () =>
          run('UploadPartCopy', async () => {
            const { UploadId } = await client.send(
              new CreateMultipartUploadCommand({ Bucket, Key: to }),
            );
            const part = { Bucket, Key: to, UploadId };
            try {
              await client.send(new UploadPartCopyCommand({ ...part, PartNumber: 1, CopySource }));
            } finally {
              await client.send(new AbortMultipartUploadCommand(part)).catch(() => undefined);
            }
          }),
      },
    ];
  }

  listUploads(credential: StorageCredential, prefix: string): Promise<void> {
    const { bucket: Bucket } = this.#options.location;
    const Prefix = prefix === '' ? {} : { Prefix: prefix };
    const command = new ListMultipartUploadsCommand({ Bucket, ...Prefix });
    const client = this.#client(credential);
    return this.#run('ListMultipartUploads', credential, () => client.send(command));
  }

  close(): void {
    for (const client of this.#clients.values()) client.destroy();
    this.#clients.clear();
  }

  #client(credential: StorageCredential): S3Client {
    const known = this.#clients.get(credential);
    if (known !== undefined) return known;
    const client = createS3Client({ ...this.#options, credential, socketsMax: 2 });
    this.#clients.set(credential, client);
    return client;
  }

  async #run(
    operation: string,
    credential: StorageCredential,
    work: () => Promise<unknown>,
  ): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      const { clock, dialect } = this.#options;
      throw translateS3Error(thrown, { operation, credential, dialect, now: clock.now() });
    }
  }
}
