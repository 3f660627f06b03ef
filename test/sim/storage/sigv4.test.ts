import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createChecksum } from '../../../sim/storage/core/checksums.ts';
import { combineChecksums } from '../../../sim/storage/core/combine-checksums.ts';
import { ChunkError, ChunkedDecoder } from '../../../sim/storage/sigv4/aws-chunked.ts';
import {
  canonicalRequest,
  type SignatureScope,
  signHex,
  signingKey,
  stringToSign,
} from '../../../sim/storage/sigv4/canonical.ts';
import { parseForm, type WireRequest } from '../../../sim/storage/sigv4/wire-request.ts';
import { seeded } from '../../support/seed.ts';

/** The examples of AWS' own documentation of Signature Version 4 for S3. */
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const SCOPE: SignatureScope = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  day: '20130524',
  region: 'us-east-1',
  service: 's3',
  timestamp: '20130524T000000Z',
};
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const KEY = signingKey(SECRET, SCOPE);

function sign(
  method: string,
  rawPath: string,
  query: string,
  headers: Record<string, string>,
  payload: string,
): string {
  const wire: WireRequest = {
    method,
    rawPath,
    query: parseForm(query),
    headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])),
  };
  const canonical = canonicalRequest(wire, Object.keys(headers).sort(), payload);
  return signHex(KEY, stringToSign(SCOPE, canonical));
}

describe('known answers of the AWS documentation', () => {
  const host = 'examplebucket.s3.amazonaws.com';
  const date = { 'x-amz-date': '20130524T000000Z' };
  const put = '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072';
  it.each([
    [
      'GET object',
      [
        'GET',
        '/test.txt',
        '',
        { host, range: 'bytes=0-9', 'x-amz-content-sha256': EMPTY, ...date },
        EMPTY,
      ],
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'PUT object',
      [
        'PUT',
        '/test%24file.text',
        '',
        {
          host,
          date: 'Fri, 24 May 2013 00:00:00 GMT',
          'x-amz-content-sha256': put,
          'x-amz-storage-class': 'REDUCED_REDUNDANCY',
          ...date,
        },
        put,
      ],
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ],
    [
      'GET lifecycle',
      ['GET', '/', 'lifecycle', { host, 'x-amz-content-sha256': EMPTY, ...date }, EMPTY],
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
    [
      'list',
      ['GET', '/', 'max-keys=2&prefix=J', { host, 'x-amz-content-sha256': EMPTY, ...date }, EMPTY],
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
    [
      'presigned GET',
      [
        'GET',
        '/test.txt',
        'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F' +
          'us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&' +
          'X-Amz-SignedHeaders=host&X-Amz-Signature=ignored',
        { host },
        'UNSIGNED-PAYLOAD',
      ],
      'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    ],
  ] as [string, Parameters<typeof sign>, string][])('%s', (_name, input, expected) => {
    expect(sign(...input)).toBe(expected);
  });

  const DATA = Buffer.alloc(66_560, 'a');
  const frame = (sizes: [number, string][]): Buffer => {
    let at = 0;
    return Buffer.concat(
      sizes.map(([size, signature]) => {
        const data = DATA.subarray(at, at + size);
        at += size;
        const head = Buffer.from(`${size.toString(16)};chunk-signature=${signature}\r\n`);
        return Buffer.concat(size === 0 ? [head] : [head, data, Buffer.from('\r\n')]);
      }),
    );
  };
  const signing = (seedSignature: string) => ({ signingKey: KEY, scope: SCOPE, seedSignature });

  it('signed chunks', () => {
    const body = Buffer.concat([
      frame([
        [65_536, 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648'],
        [1024, '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497'],
        [0, 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'],
      ]),
      Buffer.from('\r\n'),
    ]);
    const options = {
      decodedBytes: 66_560,
      hasTrailer: false,
      signing: signing('4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'),
    };
    expect(decode(body, options, 1000).data.equals(DATA)).toBe(true);
    const spoiled = Buffer.from(body);
    spoiled[50_000] = 0x62;
    expect(faultOf(() => decode(spoiled, options, 1000))).toBe('wrongSignature');
  });

  it('signed chunks with a signed trailer', () => {
    const trailer = (signature: string) =>
      Buffer.from(`x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:${signature}\r\n\r\n`);
    const chunks = frame([
      [65_536, 'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2'],
      [1024, '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7'],
      [0, '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992'],
    ]);
    const options = {
      decodedBytes: 66_560,
      hasTrailer: true,
      signing: signing('106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e'),
    };
    const right = 'd81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435';
    const { data, trailers } = decode(Buffer.concat([chunks, trailer(right)]), options, 4096);
    expect(data.equals(DATA)).toBe(true);
    const crc = createChecksum('CRC32C');
    crc.update(data);
    expect(trailers.get('x-amz-checksum-crc32c')).toBe(crc.digest().toString('base64'));
    const wrong = Buffer.concat([chunks, trailer(right.replace('d', 'e'))]);
    expect(faultOf(() => decode(wrong, options, 4096))).toBe('wrongSignature');
    const without = Buffer.concat([chunks, Buffer.from('\r\n')]);
    expect(faultOf(() => decode(without, options, 4096))).toBe('malformedTrailer');
  });
});

describe('checksums', () => {
  it.each([
    ['CRC32', 'cbf43926'],
    ['CRC32C', 'e3069283'],
    ['CRC64NVME', 'ae8b14860a799888'],
  ] as const)('%s of the check string', (algorithm, expected) => {
    const hasher = createChecksum(algorithm);
    hasher.update(Buffer.from('1234'));
    hasher.update(Buffer.from('56789'));
    expect(hasher.digest().toString('hex')).toBe(expected);
  });

  it('a full-object checksum combined of parts is that of the whole', () => {
    const algorithm = fc.constantFrom('CRC32', 'CRC32C', 'CRC64NVME');
    const pieces = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(algorithm, pieces, (name, parts) => {
        const sum = (bytes: Buffer) => {
          const hasher = createChecksum(name as 'CRC32');
          hasher.update(bytes);
          return hasher.digest().toString('base64');
        };
        const buffers = parts.map((part) => Buffer.from(part));
        const checksums = buffers.map((part) => ({ value: sum(part), size: part.length }));
        const combined = combineChecksums(name as 'CRC32', 'FULL_OBJECT', checksums);
        expect(combined).toBe(sum(Buffer.concat(buffers)));
      }),
      seeded({ numRuns: 200 }),
    );
  });
});

describe('chunk framing', () => {
  const plain = (parts: readonly Buffer[], trailer = ''): Buffer =>
    Buffer.concat([
      ...parts.flatMap((part) => [
        Buffer.from(`${part.length.toString(16)}\r\n`),
        part,
        Buffer.from('\r\n'),
      ]),
      Buffer.from(`0\r\n${trailer}\r\n`),
    ]);
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 8 });
  const step = fc.integer({ min: 1, max: 97 });

  it('any framed body comes out whole, however it is cut on the way', () => {
    fc.assert(
      fc.property(pieces, step, (parts, cut) => {
        const buffers = parts.map((part) => Buffer.from(part));
        const whole = Buffer.concat(buffers);
        const options = { decodedBytes: whole.length, hasTrailer: true };
        const { data, trailers } = decode(plain(buffers, 'a-b: c\r\n'), options, cut);
        expect(data.equals(whole)).toBe(true);
        expect(trailers.get('a-b')).toBe('c');
      }),
      seeded({ numRuns: 300 }),
    );
  });

  it('a body cut short is never taken', () => {
    fc.assert(
      fc.property(pieces, step, fc.nat(), (parts, cut, at) => {
        const buffers = parts.map((part) => Buffer.from(part));
        const body = plain(buffers);
        const decodedBytes = Buffer.concat(buffers).length;
        const short = body.subarray(0, at % body.length);
        expect(faultOf(() => decode(short, { decodedBytes, hasTrailer: true }, cut))).toBeTruthy();
      }),
      seeded({ numRuns: 300 }),
    );
  });

  it('random bytes end in a clean ChunkError or in exactly the announced length', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc
        .array(
          fc.constantFrom('0', '5', 'a', 'f', '\r', '\n', '\r\n', ';', 'x:y', 'hello', '0\r\n\r\n'),
        )
        .map((list) => Buffer.from(list.join(''))),
    );
    fc.assert(
      fc.property(bytes, step, fc.nat({ max: 50 }), (raw, cut, decodedBytes) => {
        const options = { decodedBytes, hasTrailer: true };
        try {
          expect(decode(Buffer.from(raw), options, cut).data.length).toBe(decodedBytes);
        } catch (error) {
          if (!(error instanceof ChunkError)) throw error;
        }
      }),
      seeded({ numRuns: 2000 }),
    );
  });

  it.each([
    ['a missing CRLF after data', '3\r\nabcX\r\n0\r\n\r\n', 3, 'malformed'],
    ['a bare LF after a size', '3\nabc\r\n0\r\n\r\n', 3, 'malformed'],
    ['a size above the announced length', 'ff\r\n', 3, 'tooLong'],
    ['a size beyond any number', `${'f'.repeat(14)}\r\n`, 3, 'malformed'],
    ['a negative size', '-3\r\nabc\r\n', 3, 'malformed'],
    ['an endless size line', '1'.repeat(2000), 3, 'malformed'],
    ['an endless trailer', `3\r\nabc\r\n0\r\n${'t'.repeat(9000)}`, 3, 'malformedTrailer'],
    ['a trailer without colon', '3\r\nabc\r\n0\r\nnonsense\r\n\r\n', 3, 'malformedTrailer'],
    ['bytes behind the end', '3\r\nabc\r\n0\r\n\r\nmore', 3, 'malformed'],
    ['less than announced', '3\r\nabc\r\n0\r\n\r\n', 4, 'truncated'],
  ])('refuses %s', (_name, body, decodedBytes, fault) => {
    const options = { decodedBytes, hasTrailer: true };
    expect(faultOf(() => decode(Buffer.from(body), options, 7))).toBe(fault);
  });
});

function decode(
  body: Buffer,
  options: ConstructorParameters<typeof ChunkedDecoder>[0],
  step: number,
): { data: Buffer; trailers: ReadonlyMap<string, string> } {
  const decoder = new ChunkedDecoder(options);
  const data: Buffer[] = [];
  for (let at = 0; at < body.length; at += step) {
    data.push(...decoder.push(body.subarray(at, at + step)));
  }
  decoder.end();
  return { data: Buffer.concat(data), trailers: decoder.trailers };
}

function faultOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof ChunkError) return error.fault;
    throw error;
  }
  return undefined;
}
