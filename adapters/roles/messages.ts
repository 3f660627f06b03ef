import { z } from 'zod';
import type { JsonObject } from '../../machines/ports/event-log.ts';
import type { Link, LinkMessage } from '../../machines/ports/link.ts';
import { FortnightError, isErrorCode } from '../../machines/rules/errors.ts';
import { JOB_KINDS, OPERATIONS } from '../../machines/rules/settings.ts';

/**
 * What roles say to each other. The SP trusts nobody: all that reaches it from tenants, movers and
 * hosts is parsed here; anything else ends the connection with `protocol.violation`.
 */
const id = z.string().min(1).max(200);
const name = z.string().max(100);
const key = z.string().max(1_024);
const count = z.number().int().nonnegative();
const code = z.string().refine(isErrorCode);
const trigger = z.enum(['connect', 'request', 'heartbeat', 'forced']);

/** Objects in one page of a listing: what storages give at once. */
export const LIST_PAGE_MAX = 1_000;

/** The first message of every connection says who speaks. */
export const helloSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('tenant'), tenant: name }),
  z.object({
    kind: z.literal('mover'),
    session: id,
    ticket: id,
    publicKey: z.string().max(100),
    /** `null`: a mover on an SP host, which has the host's ticket instead. */
    proof: z.string().max(100).nullable(),
  }),
  z.object({ kind: z.literal('host'), host: name }),
  z.object({ kind: z.literal('gateway') }),
]);
export type Hello = z.infer<typeof helloSchema>;

/** The tenant's answer to `hello.challenge {nonce}`. */
export const proofSchema = z.object({ type: z.literal('hello.proof'), proof: z.string().max(100) });

export const tenantMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('heartbeat') }),
  z.object({
    type: z.literal('session.open'),
    session: id,
    subtenant: name.nullable(),
    repository: name,
    operation: z.enum(OPERATIONS),
    jobKind: z.enum(JOB_KINDS),
    backup: name,
    restorePoint: name.nullable(),
    blockBytes: count,
    needsHttpProxy: z.boolean(),
    isTenantConfigBackup: z.boolean(),
  }),
  z.object({ type: z.literal('target.start'), session: id }),
  z.object({ type: z.literal('target.stop'), session: id }),
  z.object({
    type: z.literal('mover.order'),
    session: id,
    order: z.enum(['start', 'pause', 'resume', 'abort', 'cleanUp']),
    code: code.optional(),
  }),
  z.object({
    type: z.literal('session.close'),
    session: id,
    state: z.enum(['done', 'failed', 'cancelled']),
    code: code.nullable(),
  }),
]);
export type TenantMessage = z.infer<typeof tenantMessageSchema>;

export const contactMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('heartbeat') }),
  /** A logical reconnect (C15): the same as connecting, without dropping the connection. */
  z.object({ type: z.literal('contact.refresh') }),
  z.object({
    type: z.literal('credential.request'),
    requestId: id,
    trigger,
    renew: z.boolean(),
    heldGeneration: count,
  }),
  /**
   * `request` numbers the questions of one mover: an answer names its own, and one that is heard twice
   * answers no later question (F24). `receivedBytes`: all that has reached this mover, so that a
   * lost grant is said again.
   */
  z.object({
    type: z.literal('quota.request'),
    request: count,
    bytes: count,
    spentBytes: count,
    receivedBytes: count,
  }),
  z.object({ type: z.literal('quota.report'), spentBytes: count }),
  /** Of a mover whose credential lists nothing; answered by `list.page` or `list.refuse`. */
  z.object({
    type: z.literal('list.request'),
    requestId: id,
    prefix: key,
    startAfter: key.nullable(),
    limit: z.number().int().min(1).max(LIST_PAGE_MAX),
  }),
]);
export type ContactMessage = z.infer<typeof contactMessageSchema>;

export type ListRequest = Extract<ContactMessage, { type: 'list.request' }>;

const listedPageSchema = z.object({
  objects: z
    .array(z.object({ key, sizeBytes: count, etag: z.string().max(200), modifiedAt: z.number() }))
    .max(LIST_PAGE_MAX),
  isLast: z.boolean(),
});
export type ListedPage = Readonly<z.infer<typeof listedPageSchema>>;

/** The page in the payload of a `list.page`. Throws `protocol.violation`. */
export function parseListedPage({ payload }: LinkMessage): ListedPage {
  try {
    return listedPageSchema.parse(JSON.parse(Buffer.from(payload ?? []).toString('utf8')));
  } catch {
    throw new FortnightError('protocol.violation', 'The message "list.page" is malformed.');
  }
}

/** Parses a message into one of a union; the message's type and its header become one object. */
export function parseMessage<Schema extends z.ZodType>(
  schema: Schema,
  message: LinkMessage,
): z.infer<Schema> {
  const result = schema.safeParse({ ...message.header, type: message.type });
  if (result.success) return result.data;
  throw new FortnightError('protocol.violation', `The message "${message.type}" is malformed.`);
}

/** Sends without waiting; a link that is gone reports itself through its close listener. */
export function tell(
  link: Link,
  type: string,
  header: JsonObject = {},
  payload?: Uint8Array,
): void {
  const message: LinkMessage = payload === undefined ? { type, header } : { type, header, payload };
  link.send(message).catch(() => {});
}
