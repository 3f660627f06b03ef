import type { IncomingMessage } from 'node:http';

/** A request as it came: the raw target and every header value in order. */
export interface WireRequest {
  readonly method: string;
  /** Before the `?`, percent-encoded as sent. */
  readonly rawPath: string;
  /** Decoded names and values in the order sent. */
  readonly query: readonly (readonly [string, string])[];
  /** Lower-case names; a header that was sent twice has two values. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** Percent-encoding that is broken or is not UTF-8. */
export class UriError extends Error {
  constructor() {
    super('the request target is no valid percent-encoded UTF-8');
    this.name = 'UriError';
  }
}

/** Takes a request apart; throws UriError. */
export function readWireRequest(message: IncomingMessage): WireRequest {
  const target = message.url ?? '/';
  const mark = target.indexOf('?');
  const rawQuery = mark < 0 ? '' : target.slice(mark + 1);
  return {
    method: message.method ?? 'GET',
    rawPath: mark < 0 ? target : target.slice(0, mark),
    query: parseForm(rawQuery),
    headers: collectHeaders(message.rawHeaders),
  };
}

function collectHeaders(raw: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]!.toLowerCase();
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [raw[index + 1]!]);
    else values.push(raw[index + 1]!);
  }
  return headers;
}

/** A query string or form body; `+` is a space there. Throws UriError. */
export function parseForm(text: string): [string, string][] {
  if (text === '') return [];
  return text.split('&').flatMap((pair): [string, string][] => {
    if (pair === '') return [];
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    const value = equals < 0 ? '' : pair.slice(equals + 1);
    return [[decodePercent(name.replaceAll('+', ' ')), decodePercent(value.replaceAll('+', ' '))]];
  });
}

/** Strict percent-decoding to UTF-8; throws UriError. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UriError();
  }
}

/** All values of a header joined as HTTP has it, or undefined. */
export function header(request: WireRequest, name: string): string | undefined {
  return request.headers.get(name)?.join(',');
}
