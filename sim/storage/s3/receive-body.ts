import {
  CHECKSUM_ALGORITHMS,
  type ChecksumAlgorithm,
  createChecksum,
  decodeChecksum,
  digestHasher,
  type Hasher,
} from '../core/checksums.ts';
import { ChunkError, ChunkedDecoder } from '../sigv4/aws-chunked.ts';
import { header } from '../sigv4/wire-request.ts';
import type { S3Call } from './call.ts';
import { S3Error } from './errors.ts';
import { type PayloadMode, payloadMode } from './payload-mode.ts';

/** A body that arrived whole and agrees with everything that the client said about it. */
export interface ReceivedBody {
  readonly size: number;
  readonly md5Hex: string;
  /** Present when the client gave a checksum, or `computeAlgorithm` asked for one. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
}

export interface ReceiveOptions {
  readonly bytesMax: number;
  /** The refusal when the announced length is above `bytesMax`. */
  readonly tooLarge: 'EntityTooLarge' | 'MaxMessageLengthExceeded';
  /** CompleteMultipartUpload: the checksum headers speak of the object, not of this body. */
  readonly isChecksumOfObject?: boolean;
  /** A checksum to compute although the client may give none. */
  readonly computeAlgorithm?: ChecksumAlgorithm;
}

interface BodyPlan {
  readonly mode: PayloadMode;
  readonly expectedBytes: number;
  readonly md5?: Buffer;
  readonly algorithm?: ChecksumAlgorithm;
  /** Given in a header; one in a trailer is known only at the end. */
  readonly checksum?: string;
  readonly trailerName?: string;
}

/**
 * Streams a request body into `write`, hashing each byte once a digest, and verifies the payload
 * hash, the chunk signatures, Content-MD5 and the checksum. Throws S3Error; then nothing of what
 * was written may be kept.
 */
export async function receiveBody(
  call: S3Call,
  write: (chunk: Buffer) => Promise<void> | undefined,
  options: ReceiveOptions,
): Promise<ReceivedBody> {
  const plan = planBody(call, options);
  const decoder = createDecoder(call, plan);
  const md5 = digestHasher('md5');
  const algorithm = plan.algorithm ?? options.computeAlgorithm;
  const checksum = algorithm === undefined ? undefined : createChecksum(algorithm);
  const payloadHash = plan.mode.kind === 'hashed' ? digestHasher('sha256') : undefined;
  const hashers = [md5, checksum, payloadHash].filter((hasher) => hasher !== undefined);
  let size = 0;
  try {
    await call.body.consume((piece) => {
      const slices = decoder === undefined ? [piece] : decoder.push(piece);
      let wait: Promise<void> | undefined;
      for (const slice of slices) {
        size += slice.length;
        if (size > plan.expectedBytes) throw new S3Error('IncompleteBody');
        for (const hasher of hashers) hasher.update(slice);
        // A sink works in order, so the last promise stands for all of this piece.
        wait = write(slice) ?? wait;
      }
      return wait;
    });
    decoder?.end();
  } catch (error) {
    throw error instanceof ChunkError ? chunkFailure(error) : error;
  }
  if (size !== plan.expectedBytes) throw new S3Error('IncompleteBody');
  if (plan.mode.kind === 'hashed') verifyPayloadHash(plan.mode.sha256, payloadHash!);
  const md5Bytes = md5.digest();
  if (plan.md5 !== undefined && !plan.md5.equals(md5Bytes)) throw new S3Error('BadDigest');
  const md5Hex = md5Bytes.toString('hex');
  if (algorithm === undefined || checksum === undefined) return { size, md5Hex };
  const value = checksum.digest().toString('base64');
  verifyChecksum(plan, decoder?.trailers, algorithm, value);
  return { size, md5Hex, checksum: { algorithm, value } };
}

/** A small body as text, for the XML documents. */
export async function receiveText(
  call: S3Call,
  bytesMax: number,
  { isChecksumOfObject }: { isChecksumOfObject: boolean } = { isChecksumOfObject: false },
): Promise<string> {
  const chunks: Buffer[] = [];
  const keep = (chunk: Buffer): undefined => {
    chunks.push(chunk);
    return undefined;
  };
  const tooLarge = 'MaxMessageLengthExceeded';
  await receiveBody(call, keep, { bytesMax, tooLarge, isChecksumOfObject });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new S3Error('MalformedXML');
  }
}

/** The checksum that the headers give, or announce for the trailer. */
export function declaredChecksum(
  call: S3Call,
): { algorithm: ChecksumAlgorithm; value?: string; trailerName?: string } | undefined {
  const given = CHECKSUM_ALGORITHMS.filter((name) =>
    call.request.headers.has(`x-amz-checksum-${name.toLowerCase()}`),
  );
  const trailerName = header(call.request, 'x-amz-trailer')?.trim().toLowerCase();
  const inTrailer = CHECKSUM_ALGORITHMS.find(
    (name) => trailerName === `x-amz-checksum-${name.toLowerCase()}`,
  );
  if (trailerName !== undefined && inTrailer === undefined) {
    throw new S3Error(
      'InvalidRequest',
      'The value specified in the x-amz-trailer header is not supported',
    );
  }
  if (given.length + (inTrailer === undefined ? 0 : 1) > 1) {
    throw new S3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  if (inTrailer !== undefined) return { algorithm: inTrailer, trailerName: trailerName! };
  const [algorithm] = given;
  if (algorithm === undefined) {
    if (!call.request.headers.has('x-amz-sdk-checksum-algorithm')) return undefined;
    throw new S3Error(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or ' +
        'x-amz-trailer headers were found.',
    );
  }
  const value = header(call.request, `x-amz-checksum-${algorithm.toLowerCase()}`) ?? '';
  return { algorithm, value };
}

function planBody(call: S3Call, options: ReceiveOptions): BodyPlan {
  const mode = payloadMode(call.request);
  const lengthHeader = mode.kind === 'chunked' ? 'x-amz-decoded-content-length' : 'content-length';
  const lengthText = header(call.request, lengthHeader);
  if (lengthText === undefined) throw new S3Error('MissingContentLength');
  if (!/^\d{1,16}$/.test(lengthText)) {
    throw new S3Error('InvalidArgument', `${lengthHeader} is not a whole number of bytes`);
  }
  const expectedBytes = Number(lengthText);
  if (expectedBytes > options.bytesMax) {
    throw new S3Error(options.tooLarge, undefined, {
      ProposedSize: lengthText,
      MaxSizeAllowed: String(options.bytesMax),
    });
  }
  const md5 = readContentMd5(call);
  const declared = options.isChecksumOfObject ? undefined : declaredChecksum(call);
  if (declared?.value !== undefined && !decodeChecksum(declared.algorithm, declared.value)) {
    const name = `x-amz-checksum-${declared.algorithm.toLowerCase()}`;
    throw new S3Error('InvalidRequest', `Value for ${name} header is invalid.`);
  }
  const isTrailing = declared?.trailerName !== undefined;
  const mayTrail = mode.kind === 'chunked' && mode.hasTrailer;
  if (isTrailing && !mayTrail) throw new S3Error('MalformedTrailerError');
  return {
    mode,
    expectedBytes,
    ...(md5 === undefined ? {} : { md5 }),
    ...(declared === undefined ? {} : { algorithm: declared.algorithm }),
    ...(declared?.value === undefined ? {} : { checksum: declared.value }),
    ...(declared?.trailerName === undefined ? {} : { trailerName: declared.trailerName }),
  };
}

function readContentMd5(call: S3Call): Buffer | undefined {
  const text = header(call.request, 'content-md5');
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== 16 || bytes.toString('base64') !== text) throw new S3Error('InvalidDigest');
  return bytes;
}

function createDecoder(call: S3Call, plan: BodyPlan): ChunkedDecoder | undefined {
  if (plan.mode.kind !== 'chunked') return undefined;
  const { signingKey, scope, signature } = call.sender;
  return new ChunkedDecoder({
    decodedBytes: plan.expectedBytes,
    hasTrailer: plan.mode.hasTrailer,
    ...(plan.mode.isSigned ? { signing: { signingKey, scope, seedSignature: signature } } : {}),
  });
}

function verifyPayloadHash(wanted: string, hasher: Hasher): void {
  const found = hasher.digest().toString('hex');
  if (found !== wanted) {
    throw new S3Error('XAmzContentSHA256Mismatch', undefined, {
      ClientComputedContentSHA256: wanted,
      S3ComputedContentSHA256: found,
    });
  }
}

function verifyChecksum(
  plan: BodyPlan,
  trailers: ReadonlyMap<string, string> | undefined,
  algorithm: ChecksumAlgorithm,
  found: string,
): void {
  let wanted = plan.checksum;
  if (plan.trailerName !== undefined) {
    wanted = trailers?.get(plan.trailerName);
    if (wanted === undefined || !decodeChecksum(algorithm, wanted)) {
      throw new S3Error('MalformedTrailerError');
    }
  }
  if (wanted !== undefined && wanted !== found) {
    throw new S3Error(
      'BadDigest',
      `The ${algorithm} you specified did not match the calculated checksum.`,
    );
  }
}

function chunkFailure(error: ChunkError): S3Error {
  switch (error.fault) {
    case 'malformed':
      return new S3Error('InvalidRequest', 'The chunk framing of the body is malformed.');
    case 'tooSmall':
      return new S3Error('InvalidChunkSizeError');
    case 'tooLong':
    case 'truncated':
      return new S3Error('IncompleteBody', 'The request body terminated unexpectedly');
    case 'wrongSignature':
      return new S3Error('SignatureDoesNotMatch');
    case 'malformedTrailer':
      return new S3Error('MalformedTrailerError');
    default:
      throw new Error(`unknown chunk fault: ${String(error.fault satisfies never)}`);
  }
}
