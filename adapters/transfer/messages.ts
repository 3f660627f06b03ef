import type { JsonObject } from '../../machines/ports/event-log.ts';
import type { LinkMessage } from '../../machines/ports/link.ts';
import type { ErrorCode } from '../../machines/rules/errors.ts';
import type { Operation } from '../../machines/rules/settings.ts';
import type { BlockId } from '../backup-format/block.ts';
import { FieldReader } from './field-reader.ts';
import type { RestorePointInfo, TransferSummary } from './types.ts';

/** Raised when a message changes its meaning; both ends must name the same. */
export const TRANSFER_VERSION = 1;

/** More ids than this in one message, or one piece of a manifest longer than that, is refused. */
export const IDS_MAX = 256;
export const MANIFEST_PART_BYTES = 1_048_576;
export const LISTING_PART_POINTS = 100;
export const DETAIL_LENGTH_MAX = 2_000;

/**
 * All that the two engines say to each other over the data link. S→T: from the source engine (at
 * the tenant's folder) to the target engine (at the storage). Only `payload`s count as link bytes.
 *
 * - backup: S `transfer.hello` · T `backup.ready` · then, interleaved: S `blocks.offer`, T
 *   `blocks.answer`, S `block.data`, T `blocks.stored` · S `manifest.begin` and `manifest.part`s ·
 *   T `transfer.done`
 * - restore, verify: S `transfer.hello` · T `manifest.begin` and `manifest.part`s · then,
 *   interleaved: S `blocks.want`, T `block.data` · S `transfer.done`
 * - list: S `transfer.hello` · T `listing.part`s · T `transfer.done`
 * - delete: S `transfer.hello` · T `transfer.done`
 * - at any time from either end: `transfer.failed`, the last message of its sender
 */
export type TransferMessage =
  | {
      readonly type: 'transfer.hello';
      readonly version: number;
      readonly sessionId: string;
      readonly operation: Operation;
      readonly blockBytes: number;
    }
  /** The storage was listed; `parent` is the newest restore point so far. */
  | { readonly type: 'backup.ready'; readonly parent: string | null }
  /** Blocks that the source has read and holds, with their raw lengths. Each id once a run. */
  | {
      readonly type: 'blocks.offer';
      readonly ids: readonly BlockId[];
      readonly sizes: readonly number[];
    }
  /** `have` is stored already (`haveBytes`: lengths of the objects); `need` must be sent. */
  | {
      readonly type: 'blocks.answer';
      readonly need: readonly BlockId[];
      readonly have: readonly BlockId[];
      readonly haveBytes: readonly number[];
    }
  /** One block object. */
  | { readonly type: 'block.data'; readonly id: BlockId; readonly payload: Uint8Array }
  /** The storage has confirmed these (I73). */
  | { readonly type: 'blocks.stored'; readonly ids: readonly BlockId[] }
  /** A manifest object of this length follows in parts. */
  | { readonly type: 'manifest.begin'; readonly restorePoint: string; readonly bytes: number }
  | { readonly type: 'manifest.part'; readonly payload: Uint8Array }
  | { readonly type: 'blocks.want'; readonly ids: readonly BlockId[] }
  | { readonly type: 'listing.part'; readonly points: readonly RestorePointInfo[] }
  | { readonly type: 'transfer.done'; readonly totals: DoneTotals }
  | { readonly type: 'transfer.failed'; readonly code: ErrorCode; readonly detail: string };

/** What the end that finishes first tells the other; link bytes are counted by each on its own. */
export type DoneTotals = Omit<TransferSummary, 'linkBytes' | 'listing'>;

/** The message as the link carries it: all but the payload goes into the header. */
export function toLinkMessage(message: TransferMessage): LinkMessage {
  const { type, ...fields } = message;
  if (!('payload' in fields)) return { type, header: fields as unknown as JsonObject };
  const { payload, ...header } = fields;
  return { type, header: header as JsonObject, payload };
}

/** Checks what arrived; rejects with `protocol.violation` for all that is not in the union. */
export function fromLinkMessage(message: LinkMessage): TransferMessage {
  const { type } = message;
  const fields = new FieldReader(type, message.header);
  switch (type) {
    case 'transfer.hello':
      return {
        type,
        version: fields.count('version'),
        sessionId: fields.text('sessionId'),
        operation: fields.operation('operation'),
        blockBytes: fields.count('blockBytes'),
      };
    case 'backup.ready':
      return { type, parent: fields.restorePointOrNull('parent') };
    case 'blocks.offer': {
      const ids = fields.blockIds('ids', IDS_MAX);
      return { type, ids, sizes: fields.counts('sizes', ids.length) };
    }
    case 'blocks.answer': {
      const have = fields.blockIds('have', IDS_MAX);
      const haveBytes = fields.counts('haveBytes', have.length);
      return { type, need: fields.blockIds('need', IDS_MAX), have, haveBytes };
    }
    case 'block.data':
      return { type, id: fields.blockId('id'), payload: fields.payload(message.payload) };
    case 'blocks.stored':
    case 'blocks.want':
      return { type, ids: fields.blockIds('ids', IDS_MAX) };
    case 'manifest.begin': {
      const restorePoint = fields.restorePointOrNull('restorePoint') ?? fields.refuse('no id');
      return { type, restorePoint, bytes: fields.count('bytes') };
    }
    case 'manifest.part':
      return { type, payload: fields.payload(message.payload) };
    case 'listing.part':
      return { type, points: fields.restorePoints('points', LISTING_PART_POINTS) };
    case 'transfer.done':
      return { type, totals: doneTotals(fields.object('totals')) };
    case 'transfer.failed':
      return {
        type,
        code: fields.errorCode('code'),
        detail: fields.text('detail').slice(0, DETAIL_LENGTH_MAX),
      };
    default:
      return fields.refuse('no such message');
  }
}

function doneTotals(fields: FieldReader): DoneTotals {
  return {
    restorePoint: fields.restorePointOrNull('restorePoint'),
    files: fields.count('files'),
    sourceBytes: fields.count('sourceBytes'),
    storageBytes: fields.count('storageBytes'),
    blocksTotal: fields.count('blocksTotal'),
    blocksStored: fields.count('blocksStored'),
    blocksReused: fields.count('blocksReused'),
    freedBytes: fields.count('freedBytes'),
    verified: fields.booleanOrNull('verified'),
  };
}
