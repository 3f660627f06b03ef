import type { S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../../machines/ports/clock.ts';
import type { StorageCredential } from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import type { S3Dialect } from './dialects.ts';
import { translateS3Error } from './errors.ts';

/** What every request of one store needs. */
export interface S3Requests {
  readonly client: S3Client;
  readonly bucket: string;
  readonly dialect: S3Dialect;
  readonly clock: Clock;
  /** Starts one request; what it rejects with is translated and scrubbed. */
  send<Result>(operation: string, run: RunRequest<Result>, signal?: AbortSignal): Promise<Result>;
  /** Stops every later request of the store. */
  close(): void;
}

type RunRequest<Result> = (options: { readonly abortSignal?: AbortSignal }) => Promise<Result>;

export interface S3RequestsOptions {
  readonly client: S3Client;
  readonly bucket: string;
  readonly dialect: S3Dialect;
  readonly credential: StorageCredential;
  readonly clock: Clock;
  /** C16: no request starts at or after the credential's end. */
  readonly refusesExpired: boolean;
}

export function createS3Requests(options: S3RequestsOptions): S3Requests {
  const { client, clock, credential, dialect, refusesExpired } = options;
  let isClosed = false;

  const mayStart = (operation: string): void => {
    if (isClosed) throw new FortnightError('storage.unreachable', `${operation}: store is closed`);
    const { expiresAt } = credential;
    if (refusesExpired && expiresAt !== null && clock.now() >= expiresAt) {
      throw new FortnightError('credential.expired', `${operation} was not started (C16)`);
    }
  };

  return {
    client,
    bucket: options.bucket,
    dialect,
    clock,
    async send(operation, run, signal) {
      mayStart(operation);
      try {
        return await run(signal === undefined ? {} : { abortSignal: signal });
      } catch (thrown) {
        throw translateS3Error(thrown, {
          operation,
          credential,
          dialect,
          signal,
          now: clock.now(),
        });
      }
    },
    close() {
      isClosed = true;
      client.destroy();
    },
  };
}
