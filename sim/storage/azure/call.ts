import type { ObjectCore } from '../core/object-core.ts';
import type { Segment } from '../core/records.ts';
import type { IncomingBody } from '../s3/call.ts';
import { header, type WireRequest } from '../sigv4/wire-request.ts';
import { bucketOf } from './account.ts';
import type { BlockRegister } from './block-register.ts';
import type { Caller } from './caller.ts';
import type { ContainerRecord, ContainerShelf } from './container-shelf.ts';
import { AzureError, invalidQuery } from './errors.ts';
import type { AzureOperation } from './operations.ts';
import type { Target } from './target.ts';

/** One request whose sender is known, and what a handler needs to answer it. */
export interface AzureCall {
  readonly operation: AzureOperation;
  readonly request: WireRequest;
  readonly target: Target;
  readonly query: ReadonlyMap<string, string>;
  readonly at: number;
  /** The service version of the request. */
  readonly version: string;
  readonly caller: Caller;
  readonly body: IncomingBody;
  readonly core: ObjectCore;
  readonly containers: ContainerShelf;
  readonly blocks: BlockRegister;
  /** As `http://127.0.0.1:10000/account/`. */
  readonly accountUrl: string;
  /** From the fault table: access policies set by this call are unknown for so long. */
  readonly propagationMs: number;
  /** An entity tag that this state never gave before. */
  newEtag(): string;
  /** What a copy source means, when it is of this storage and the sender may read it. */
  readSource(source: WireRequest): Target | undefined;
}

/** What goes back. At most one of `xml`, `bytes` and `content` is the body. */
export interface AzureReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly xml?: string;
  readonly bytes?: Buffer;
  readonly content?: {
    readonly segments: readonly Segment[];
    readonly offset: number;
    readonly length: number;
  };
}

/** The container of the request; throws ContainerNotFound. */
export function requireContainer(call: AzureCall): ContainerRecord {
  const found = call.containers.find(bucketOfCall(call));
  if (found === undefined) throw new AzureError('ContainerNotFound');
  return found;
}

/** The bucket of the core that holds the container. */
export function bucketOfCall(call: AzureCall): string {
  return bucketOf(call.target.account.name, call.target.container);
}

/** `maxresults`; Azure cuts down what is above 5000. */
export function readMaxResults(call: AzureCall): number {
  const text = call.query.get('maxresults');
  if (text === undefined || text === '') return 5000;
  if (!/^-?\d{1,10}$/.test(text)) throw invalidQuery('maxresults', text, 'not a whole number');
  if (Number(text) < 1) {
    throw new AzureError('OutOfRangeQueryParameterValue', {
      elements: {
        QueryParameterName: 'maxresults',
        QueryParameterValue: text,
        MinimumAllowed: '1',
        MaximumAllowed: '2147483647',
      },
    });
  }
  return Math.min(Number(text), 5000);
}

/** The words of `include`; any that is not known is refused. */
export function readInclude(call: AzureCall, known: readonly string[]): ReadonlySet<string> {
  const words = (call.query.get('include') ?? '').split(',').filter((word) => word !== '');
  const stranger = words.find((word) => !known.includes(word));
  if (stranger !== undefined) throw invalidQuery('include', stranger, 'not supported');
  return new Set(words);
}

export function headerOf(call: AzureCall, name: string): string | undefined {
  return header(call.request, name);
}
