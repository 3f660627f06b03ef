import { header, type WireRequest } from '../sigv4/wire-request.ts';
import type { Exchange } from '../wire/exchange.ts';
import type { Caller } from './access/caller.ts';
import { decideAccess, type Question } from './access/decide.ts';
import type { Permission } from './access/roles.ts';
import { GcsError, noSuchBucket } from './errors.ts';
import type { BucketRecord } from './shelf.ts';
import type { GcsWorld } from './world.ts';

/** One request as the handlers see it: who, what, when, and the world. */
export interface GcsCall {
  readonly operation: string;
  readonly request: WireRequest;
  readonly query: ReadonlyMap<string, string>;
  readonly bucket: string;
  readonly object: string;
  /** Further parts of the path, by name (`destinationBucket`, `accessId`, …). */
  readonly path: Readonly<Record<string, string>>;
  readonly caller: Caller;
  readonly world: GcsWorld;
  readonly body: Exchange;
  /** Epoch ms: the one reading of the clock for this request. */
  readonly at: number;
  /** How long what this call issues or changes stays unknown (a fault). */
  readonly propagationMs: number;
}

/** Asks for a permission; throws 401 for the anonymous and 403 with its name for others. */
export function permit(call: GcsCall, permission: Permission, target: Target): void {
  if (may(call, permission, target)) return;
  throw refusal(call.caller, permission, target);
}

export interface Target {
  readonly bucket: BucketRecord;
  readonly object?: string;
  readonly listPrefix?: string;
}

export function may(call: GcsCall, permission: Permission, target: Target): boolean {
  return ask(call, { permission, projectId: target.bucket.projectId, ...target });
}

/** Asks for a permission on a project. */
export function permitInProject(call: GcsCall, permission: Permission, projectId: string): void {
  if (ask(call, { permission, projectId })) return;
  throw refusal(call.caller, permission, undefined);
}

function ask(call: GcsCall, question: Question): boolean {
  const request = { at: call.at, requestId: call.body.requestId };
  return decideAccess(call.world, call.caller, question, request).allowed;
}

function refusal(caller: Caller, permission: Permission, target: Target | undefined): GcsError {
  if (caller.email === '') {
    const headers = { 'www-authenticate': 'Bearer realm="https://accounts.google.com/"' };
    return new GcsError('loginRequired', undefined, { headers, xmlCode: 'AuthenticationRequired' });
  }
  const kind = target === undefined ? 'project' : target.object === undefined ? 'bucket' : 'object';
  const place =
    kind === 'project' ? 'the Google Cloud project' : `the Google Cloud Storage ${kind}`;
  return new GcsError(
    'forbidden',
    `${caller.email} does not have ${permission} access to ${place}. ` +
      `Permission '${permission}' denied on resource (or it may not exist).`,
    { xmlCode: 'AccessDenied' },
  );
}

/** The bucket of the call; throws 404 when there is none. */
export function requireBucket(call: GcsCall, name = call.bucket): BucketRecord {
  const bucket = call.world.shelf.buckets.get(name);
  if (bucket === undefined) throw noSuchBucket();
  return bucket;
}

export function headerOf(call: GcsCall, name: string): string | undefined {
  return header(call.request, name);
}

/** A whole number of the query; throws `invalidParameter`. */
export function wholeNumber(
  call: GcsCall,
  name: string,
  bounds: { readonly min: number; readonly max: number },
): number | undefined {
  const text = call.query.get(name);
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : -1;
  if (value < bounds.min || value > bounds.max) {
    throw new GcsError('invalidParameter', `Invalid value for ${name}: "${text}".`);
  }
  return value;
}

/** What a handler answers. */
export interface GcsReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A JSON document. */
  readonly json?: unknown;
  /** A finished XML document. */
  readonly xml?: string;
  /** Bytes of an object. */
  readonly content?: {
    readonly segments: readonly { readonly blob: number; readonly size: number }[];
    readonly offset: number;
    readonly length: number;
  };
}
