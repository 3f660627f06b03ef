import { createChecksum, digestHasher } from '../core/checksums.ts';
import type { Segment } from '../core/records.ts';
import { type AzureCall, headerOf } from './call.ts';
import { AzureError, invalidHeader } from './errors.ts';

const TEXT_BYTES_MAX = 8 * 1024 * 1024;

export interface ReceivedBody {
  readonly size: number;
  /** Base64; present when it was asked for or given. */
  readonly md5?: string;
  /** Base64 of the eight bytes in little-endian order, as Azure writes it; when given. */
  readonly crc64?: string;
}

/**
 * Streams a request body into `write` and verifies its length, Content-MD5 and
 * x-ms-content-crc64. Throws AzureError; then nothing of what was written may be kept.
 */
export async function receiveBody(
  call: AzureCall,
  write: (chunk: Buffer) => Promise<void> | undefined,
  options: { readonly bytesMax: number; readonly wantsMd5: boolean },
): Promise<ReceivedBody> {
  const expectedBytes = readLength(call, options.bytesMax);
  const givenMd5 = readMd5(call, 'content-md5');
  const givenCrc64 = headerOf(call, 'x-ms-content-crc64');
  if (givenCrc64 !== undefined && Buffer.from(givenCrc64, 'base64').length !== 8) {
    throw invalidHeader('x-ms-content-crc64', givenCrc64);
  }
  const md5 = options.wantsMd5 || givenMd5 !== undefined ? digestHasher('md5') : undefined;
  const crc64 = givenCrc64 === undefined ? undefined : createChecksum('CRC64NVME');
  let size = 0;
  await call.body.consume((chunk) => {
    size += chunk.length;
    if (size > expectedBytes) throw new AzureError('InvalidInput');
    md5?.update(chunk);
    crc64?.update(chunk);
    return write(chunk);
  });
  if (size !== expectedBytes) throw new AzureError('InvalidInput');
  const md5Text = md5?.digest().toString('base64');
  const crcText = crc64?.digest().reverse().toString('base64');
  if (givenMd5 !== undefined && givenMd5 !== md5Text) {
    throw new AzureError('Md5Mismatch', {
      elements: { UserSpecifiedMd5: givenMd5, ServerCalculatedMd5: md5Text! },
    });
  }
  if (givenCrc64 !== undefined && givenCrc64 !== crcText) {
    throw new AzureError('Crc64Mismatch', {
      elements: { UserSpecifiedCrc: givenCrc64, ServerCalculatedCrc: crcText! },
    });
  }
  return {
    size,
    ...(md5Text === undefined ? {} : { md5: md5Text }),
    ...(crcText === undefined ? {} : { crc64: crcText }),
  };
}

function readLength(call: AzureCall, bytesMax: number): number {
  const text = headerOf(call, 'content-length');
  if (text === undefined) throw new AzureError('MissingContentLengthHeader');
  if (!/^\d{1,16}$/.test(text)) throw invalidHeader('Content-Length', text);
  if (Number(text) > bytesMax) {
    throw new AzureError('RequestBodyTooLarge', { elements: { MaxLimit: String(bytesMax) } });
  }
  return Number(text);
}

/** An MD5 header in base64; throws InvalidMd5. */
export function readMd5(call: AzureCall, name: string): string | undefined {
  const text = headerOf(call, name);
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== 16 || bytes.toString('base64') !== text) throw new AzureError('InvalidMd5');
  return text;
}

/** A small body as text, for the XML documents. */
export async function receiveText(call: AzureCall): Promise<string> {
  const chunks: Buffer[] = [];
  const keep = (chunk: Buffer): undefined => {
    chunks.push(chunk);
    return undefined;
  };
  await receiveBody(call, keep, { bytesMax: TEXT_BYTES_MAX, wantsMd5: false });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new AzureError('InvalidXmlDocument');
  }
}

export interface StoredBody extends ReceivedBody {
  readonly segments: readonly Segment[];
}

/** Streams the body into a new blob; when anything is wrong with it, nothing of it is kept. */
export async function storeBody(
  call: AzureCall,
  options: { readonly bytesMax: number; readonly wantsMd5: boolean },
): Promise<StoredBody> {
  const { blob, writer } = call.core.createBlob();
  try {
    const received = await receiveBody(call, (chunk) => writer.write(chunk), options);
    if (received.size === 0) {
      await writer.discard();
      return { ...received, segments: [] };
    }
    await writer.finish();
    return { ...received, segments: [{ blob, size: received.size }] };
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

/** Runs the synchronous step that makes stored bytes part of the index; a refusal drops them. */
export function commitStored<Result>(
  call: AzureCall,
  segments: readonly Segment[],
  commit: () => Result,
): Result {
  try {
    return commit();
  } catch (error) {
    call.core.dropUnreferenced(segments);
    throw error;
  }
}
