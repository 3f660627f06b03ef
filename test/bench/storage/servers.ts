import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { BlobServiceClient } from '@azure/storage-blob';
import { serveStorage } from '../../real/served-storage.ts';
import { startAzurite } from '../../real/servers/azurite.ts';
import { startCeph } from '../../real/servers/ceph.ts';
import type { StorageAddress } from './task.ts';

export const BUCKET = 'bench';

/** A server that is measured, until it is stopped. */
export interface BenchServer {
  readonly address: StorageAddress;
  readonly port: number;
  stop(): Promise<void>;
}

export interface BenchServerKind {
  readonly name: string;
  readonly kind: StorageAddress['kind'];
  /** Real servers are what ours are compared with. */
  readonly isOurs: boolean;
  /** Keeps what it is given in its own memory: its peak says nothing about streaming. */
  readonly isMemory: boolean;
  start(): Promise<BenchServer>;
}

function ours(kind: StorageAddress['kind'], medium: 'memory' | 'disk'): BenchServerKind {
  return {
    name: `ours on ${medium}`,
    kind,
    isOurs: true,
    isMemory: medium === 'memory',
    start: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'fortnight-bench-storage-'));
      const words = [
        '--bucket',
        BUCKET,
        '--kind',
        kind,
        ...(medium === 'memory' ? ['--memory'] : []),
      ];
      const storage = await serveStorage(join(folder, 'state'), ...words);
      const { endpoint } = storage;
      const read = (client: string, pattern: RegExp): string =>
        pattern.exec(storage.linesFor(client).join('\n'))?.[1] ?? '';
      const addresses: Readonly<Record<StorageAddress['kind'], () => StorageAddress>> = {
        s3: () => ({
          kind: 's3',
          endpoint,
          accessKeyId: storage.owner.AWS_ACCESS_KEY_ID ?? '',
          secretAccessKey: storage.owner.AWS_SECRET_ACCESS_KEY ?? '',
        }),
        azure: () => ({ kind: 'azure', connection: read('az', /CONNECTION_STRING='(.*)'/) }),
        gcs: () => ({
          kind: 'gcs',
          endpoint,
          token: read('@google-cloud/storage', /access_token: '([^']+)'/),
        }),
      };
      return {
        address: addresses[kind](),
        port: portOf(endpoint),
        stop: async () => {
          await storage.close();
          rmSync(folder, { recursive: true, force: true });
        },
      };
    },
  };
}

const ceph: BenchServerKind = {
  name: 'Ceph RGW',
  kind: 's3',
  isOurs: false,
  isMemory: false,
  start: async () => {
    const server = await startCeph(write, { movableClock: false });
    const { endpoint, credentials, region } = server;
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
    client.destroy();
    const address = { kind: 's3', endpoint, ...credentials } as const;
    return { address, port: portOf(endpoint), stop: () => server.stop() };
  },
};

const azurite: BenchServerKind = {
  name: 'Azurite',
  kind: 'azure',
  isOurs: false,
  isMemory: true,
  start: async () => {
    const server = await startAzurite(write, { movableClock: false });
    const { endpoint, credentials } = server;
    const connection =
      `DefaultEndpointsProtocol=http;AccountName=${credentials.accountName};` +
      `AccountKey=${credentials.accountKey};BlobEndpoint=${endpoint};`;
    await BlobServiceClient.fromConnectionString(connection).createContainer(BUCKET);
    return {
      address: { kind: 'azure', connection },
      port: portOf(endpoint),
      stop: () => server.stop(),
    };
  },
};

function portOf(endpoint: string): number {
  return Number(new URL(endpoint).port);
}

const write = (line: string): void => void process.stderr.write(`${line}\n`);

/** In the order of the report; the real ones come first, because the others refer to them. */
export const BENCH_SERVERS: readonly BenchServerKind[] = [
  ceph,
  ours('s3', 'memory'),
  ours('s3', 'disk'),
  azurite,
  ours('azure', 'memory'),
  ours('azure', 'disk'),
  ours('gcs', 'memory'),
  ours('gcs', 'disk'),
];

/** A prefix that no run before has used. */
export function freshPrefix(): string {
  return randomBytes(6).toString('hex');
}
