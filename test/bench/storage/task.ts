/** Where one kind of client finds its server, and with which key. */
export type StorageAddress =
  | {
      readonly kind: 's3';
      readonly endpoint: string;
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
    }
  | { readonly kind: 'azure'; readonly connection: string }
  | { readonly kind: 'gcs'; readonly endpoint: string; readonly token: string };

/** What one client process does. The bucket is there already. */
export interface StorageTask {
  readonly address: StorageAddress;
  readonly bucket: string;
  readonly prefix: string;
  readonly work: 'objects' | 'stream';
}

/** Ms from the first request to the last answer, by what was done. */
export type StorageTimes = Readonly<Record<string, number>>;

/** The same calls of every official client, none of which computes a checksum. */
export interface BenchStore {
  put(key: string, body: Buffer): Promise<void>;
  /** How many bytes came; they are not kept. */
  get(key: string): Promise<number>;
  /** How many names there are. */
  list(prefix: string): Promise<number>;
  /** `pieces` are read as the client asks for them. */
  putStream(key: string, pieces: Iterable<Buffer>, bytes: number): Promise<void>;
}

export const LARGE_BYTES = 64 * 1024 * 1024;
export const LARGE_OBJECTS = 3;
export const SMALL_BYTES = 4 * 1024;
export const SMALL_OBJECTS = 400;
export const LISTINGS = 40;
export const STREAM_BYTES = 1024 * 1024 * 1024;

/** Consumes an answer and counts it. */
export async function countBytes(body: AsyncIterable<unknown>): Promise<number> {
  let bytes = 0;
  for await (const piece of body) bytes += (piece as Buffer).length;
  return bytes;
}
