import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame, FrameDecoder } from '../../../adapters/transport/frames.ts';
import type { JsonObject } from '../../../machines/ports/event-log.ts';
import type { LinkMessage } from '../../../machines/ports/link.ts';
import { property } from '../../support/seed.ts';

const message: fc.Arbitrary<LinkMessage> = fc
  .record({
    type: fc.string(),
    header: fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<JsonObject>,
    payload: fc.uint8Array({ maxLength: 5_000 }),
  })
  .map(({ payload, ...rest }) => (payload.length === 0 ? rest : { ...rest, payload }));

function decodeAll(chunks: readonly Buffer[]): LinkMessage[] {
  const decoder = new FrameDecoder();
  const found: LinkMessage[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let next = decoder.next(); next !== null; next = decoder.next()) found.push(next);
  }
  return found;
}

/** Headers go through JSON, which knows no `-0` and no `__proto__`. */
function comparable({ type, header, payload }: LinkMessage): unknown {
  return [type, JSON.stringify(header), payload === undefined ? null : [...payload]];
}

function frame(headerBytes: number, payloadBytes: number, rest: Buffer): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32BE(headerBytes, 0);
  prefix.writeUInt32BE(payloadBytes, 4);
  return Buffer.concat([prefix, rest]);
}

function codeOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'nothing thrown';
}

describe('frames', () => {
  property(
    'the same messages come out, however the bytes are cut into chunks',
    [fc.array(message, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 700 }))],
    (messages, cuts) => {
      const bytes = Buffer.concat(messages.flatMap((one) => encodeFrame(one)));
      const chunks: Buffer[] = [];
      for (let at = 0, index = 0; at < bytes.length; index += 1) {
        const length = cuts[index] ?? bytes.length;
        chunks.push(bytes.subarray(at, at + length));
        at += length;
      }
      expect(decodeAll(chunks).map(comparable)).toEqual(messages.map(comparable));
      return true;
    },
  );

  property(
    'any bytes give messages, a wait, or protocol.violation, and nothing else',
    [fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 }), { minLength: 1, maxLength: 8 })],
    (chunks) => {
      const code = codeOf(() => decodeAll(chunks.map((chunk) => Buffer.from(chunk))));
      return code === 'nothing thrown' || code === 'protocol.violation';
    },
  );

  property(
    'a header that is no object with a type is a protocol.violation',
    [
      fc.oneof(
        fc.string(),
        fc.jsonValue().map((value) => JSON.stringify(value)),
      ),
    ],
    (text) => {
      const bytes = Buffer.from(text);
      const code = codeOf(() => decodeAll([frame(bytes.length, 0, bytes)]));
      return code === 'protocol.violation';
    },
  );

  test.each([
    ['header', 4 * 1024 * 1024 + 1, 0],
    ['header', 0xffffffff, 0],
    ['payload', 2, 80 * 1024 * 1024 + 1],
    ['payload', 2, 0xffffffff],
  ])('a %s that is announced too long is refused before it is waited for', (_, header, payload) => {
    expect(codeOf(() => decodeAll([frame(header, payload, Buffer.alloc(0))]))).toBe(
      'protocol.violation',
    );
  });

  test('a message that is too large is not sent at all', () => {
    const payload = new Uint8Array(80 * 1024 * 1024 + 1);
    expect(codeOf(() => encodeFrame({ type: 'x', header: {}, payload }))).toBe(
      'protocol.violation',
    );
  });
});
