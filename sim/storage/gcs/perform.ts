import type { FaultRule } from '../faults/fault-table.ts';
import type { GcsCall, GcsReply } from './call.ts';

/** Runs a handler and sends what it answers, with the faults that spoil an answer. */
export async function perform(
  call: GcsCall,
  handle: (call: GcsCall) => GcsReply | Promise<GcsReply>,
  fault: FaultRule | undefined,
): Promise<void> {
  const { body: exchange, world } = call;
  const result = handle(call);
  // No pause between a lookup and the first read: in between the object could be replaced, and
  // its bytes are kept only from the first read on.
  const reply = result instanceof Promise ? await result : result;
  if (fault?.kind === 'reset') return exchange.cut();
  const headers = reply.headers ?? {};
  if (reply.content !== undefined) {
    const { segments, offset, length } = reply.content;
    if (exchange.message.method === 'HEAD') return exchange.send(reply.status, headers);
    const chunks = world.core.read(segments, offset, length);
    const isCorrupt = fault?.kind === 'corruptBody';
    return exchange.sendContent(reply.status, headers, isCorrupt ? corrupted(chunks) : chunks);
  }
  if (reply.xml !== undefined) {
    const type = { 'content-type': 'application/xml; charset=UTF-8' };
    return exchange.send(reply.status, { ...headers, ...type }, reply.xml);
  }
  if (reply.json === undefined) return exchange.send(reply.status, headers);
  const type = { 'content-type': 'application/json; charset=UTF-8' };
  exchange.send(reply.status, { ...headers, ...type }, JSON.stringify(reply.json));
}

/** Flips the lowest bit of the first byte; the stored bytes are not touched. */
async function* corrupted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true;
  for await (const chunk of chunks) {
    const copy = isFirst ? Buffer.from(chunk) : chunk;
    if (isFirst) copy[0] = copy[0]! ^ 1;
    isFirst = false;
    yield copy;
  }
}
