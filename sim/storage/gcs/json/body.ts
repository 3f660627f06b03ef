import type { Exchange } from '../../wire/exchange.ts';
import { type GcsCall, headerOf } from '../call.ts';
import { GcsError } from '../errors.ts';

const TEXT_BYTES_MAX = 1024 * 1024;

/** A small body as text; throws `parseError` for what is no UTF-8. */
export async function receiveText(body: Exchange): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  await body.consume((piece) => {
    size += piece.length;
    if (size > TEXT_BYTES_MAX) throw new GcsError('uploadTooLarge');
    chunks.push(piece);
    return undefined;
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new GcsError('parseError');
  }
}

/** A JSON object, or an empty one for an empty text. Throws `parseError`. */
export function parseResource(text: string): Record<string, unknown> {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new GcsError('parseError');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new GcsError('parseError');
  }
  return value as Record<string, unknown>;
}

export async function receiveResource(call: GcsCall): Promise<Record<string, unknown>> {
  const type = headerOf(call, 'content-type');
  if (type !== undefined && !/^application\/json\b/i.test(type)) {
    throw new GcsError('badRequest', `Unsupported content with type: ${type.slice(0, 100)}`);
  }
  return parseResource(await receiveText(call.body));
}
