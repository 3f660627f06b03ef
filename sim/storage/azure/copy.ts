import { httpDate } from '../core/instants.ts';
import type { ObjectRecord } from '../core/records.ts';
import { parseForm, UriError, type WireRequest } from '../sigv4/wire-request.ts';
import { bucketOf } from './account.ts';
import { readMetadata, versionHeaders } from './attributes.ts';
import { checkTarget } from './blobs.ts';
import {
  type AzureCall,
  type AzureReply,
  bucketOfCall,
  headerOf,
  requireContainer,
} from './call.ts';
import { checkRead, readConditions } from './conditions.ts';
import { AzureError, invalidHeader } from './errors.ts';

/**
 * Copy Blob and Copy Blob From URL, from a blob of this storage. The copy shares the blobs of its
 * source, so it is complete at once: also the asynchronous form answers `success`.
 */
export function copyBlob(call: AzureCall): AzureReply {
  requireContainer(call);
  const { source, url } = readSource(call);
  const conditions = readConditions((name) => headerOf(call, name));
  const current = checkTarget(call, conditions);
  const metadata = readMetadata(call.request);
  const hasMetadata = Object.keys(metadata).length > 0;
  const etag = call.newEtag();
  // An identifier in the form of a GUID, which no other copy of this state ever has.
  const copyId = `00000000-0000-4000-8000-${etag.slice(-12).toLowerCase()}`;
  const systemHeaders = {
    ...source.systemHeaders,
    'x-ms-copy-id': copyId,
    'x-ms-copy-status': 'success',
    'x-ms-copy-source': url,
    'x-ms-copy-progress': `${source.size}/${source.size}`,
    'x-ms-copy-completion-time': httpDate(call.at),
  };
  const blob: ObjectRecord = {
    ...source,
    systemHeaders,
    userMetadata: hasMetadata ? metadata : source.userMetadata,
    key: call.target.blob,
    etag,
    modifiedAt: call.at,
    createdAt: current?.createdAt ?? call.at,
  };
  call.core.putObject(bucketOfCall(call), blob);
  call.blocks.discard(bucketOfCall(call), blob.key);
  const md5 = source.systemHeaders['content-md5'];
  const isSynchronous = headerOf(call, 'x-ms-requires-sync') === 'true';
  const headers = {
    ...versionHeaders(blob),
    'x-ms-copy-id': copyId,
    'x-ms-copy-status': 'success',
    ...(isSynchronous && md5 !== undefined ? { 'content-md5': md5 } : {}),
  };
  return { status: 202, headers };
}

/** The source blob and its URL without the query, which may hold a SAS. */
function readSource(call: AzureCall): { source: ObjectRecord; url: string } {
  const text = headerOf(call, 'x-ms-copy-source') ?? '';
  const match = /^https?:\/\/([^/?#]+)(\/[^?#]*)(?:\?([^#]*))?$/.exec(text);
  if (match === null) throw invalidHeader('x-ms-copy-source', text.replace(/\?.*/s, ''));
  const [, host, rawPath, query = ''] = match;
  let request: WireRequest;
  try {
    const headers = new Map([['host', [host!]]]);
    request = { method: 'GET', rawPath: rawPath!, query: parseForm(query), headers };
  } catch (error) {
    if (error instanceof UriError) throw invalidHeader('x-ms-copy-source', rawPath!);
    throw error;
  }
  const target = call.readSource(request);
  if (target === undefined) throw new AzureError('CannotVerifyCopySource');
  const bucket = bucketOf(target.account.name, target.container);
  const source = call.containers.find(bucket) && call.core.object(bucket, target.blob);
  if (source === undefined) throw new AzureError('CannotVerifyCopySource');
  checkSourceConditions(call, source);
  return { source, url: text.replace(/\?.*/s, '') };
}

function checkSourceConditions(call: AzureCall, source: ObjectRecord): void {
  const conditions = readConditions((name) => headerOf(call, name), 'x-ms-source-');
  try {
    if (checkRead(conditions, source) === 'proceed') return;
  } catch (error) {
    if (!(error instanceof AzureError)) throw error;
  }
  throw new AzureError('SourceConditionNotMet');
}
