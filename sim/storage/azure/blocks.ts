import type { ObjectRecord, Segment } from '../core/records.ts';
import { readAttributes, versionHeaders } from './attributes.ts';
import { checkTarget, writtenHeaders } from './blobs.ts';
import { commitStored, receiveText, storeBody } from './body.ts';
import {
  type AzureCall,
  type AzureReply,
  bucketOfCall,
  headerOf,
  requireContainer,
} from './call.ts';
import { readConditions } from './conditions.ts';
import { azureDocument, branch, leaf, type Xml } from './document.ts';
import { AzureError, invalidQuery } from './errors.ts';
import { parseXml, type XmlElement } from './xml.ts';

const BLOCK_BYTES_MAX = 4000 * 1024 ** 2;
const BLOCK_ID_BYTES_MAX = 64;
const COMMITTED_BLOCKS_MAX = 50_000;
const UNCOMMITTED_BLOCKS_MAX = 100_000;

/** A block id in base64, at most 64 bytes. Azure takes one that is no base64 for a bad parameter. */
function checkBlockId(text: string): string {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) {
    throw invalidQuery('blockid', text, 'Not a valid base64 string.');
  }
  if (bytes.length === 0 || bytes.length > BLOCK_ID_BYTES_MAX) {
    throw new AzureError('InvalidBlockId');
  }
  return text;
}

export async function putBlock(call: AzureCall): Promise<AzureReply> {
  requireContainer(call);
  const bucket = bucketOfCall(call);
  const key = call.target.blob;
  const id = call.query.get('blockid');
  if (id === undefined) {
    throw new AzureError('MissingRequiredQueryParameter', {
      elements: { QueryParameterName: 'blockid' },
    });
  }
  const name = checkBlockId(id);
  checkBlockPlace(call, name);
  const body = await storeBody(call, { bytesMax: BLOCK_BYTES_MAX, wantsMd5: false });
  if (body.size === 0) {
    throw new AzureError('InvalidHeaderValue', {
      elements: { HeaderName: 'Content-Length', HeaderValue: '0' },
    });
  }
  return commitStored(call, body.segments, () => {
    requireContainer(call);
    checkBlockPlace(call, name);
    const { size, segments } = body;
    call.blocks.put(bucket, key, { name, size, segments, etag: '', modifiedAt: call.at });
    const {
      etag: _none,
      'last-modified': _never,
      ...headers
    } = writtenHeaders({ etag: '', modifiedAt: call.at } as ObjectRecord, body);
    return { status: 201, headers };
  });
}

/** As Azure counts it: before the base64, in which ids of different lengths may look alike. */
function idBytes(name: string): number {
  return Buffer.byteLength(name, 'base64');
}

/** Uncommitted blocks of a blob have ids of one length, and there is a limit to their number. */
function checkBlockPlace(call: AzureCall, name: string): void {
  const bucket = bucketOfCall(call);
  const key = call.target.blob;
  const other = call.blocks.anyName(bucket, key, call.at);
  if (other !== undefined && idBytes(other) !== idBytes(name)) {
    throw new AzureError('InvalidBlobOrBlock');
  }
  const isNew = call.blocks.find(bucket, key, name, call.at) === undefined;
  if (isNew && call.blocks.count(bucket, key, call.at) >= UNCOMMITTED_BLOCKS_MAX) {
    throw new AzureError('BlockCountExceedsLimit');
  }
}

interface WantedBlock {
  readonly from: 'Committed' | 'Uncommitted' | 'Latest';
  readonly name: string;
}

/** Makes the blob out of uncommitted and committed blocks, in the order of the list. */
export async function putBlockList(call: AzureCall): Promise<AzureReply> {
  requireContainer(call);
  const bucket = bucketOfCall(call);
  const key = call.target.blob;
  const attributes = readAttributes(call, 'ignored');
  const conditions = readConditions((name) => headerOf(call, name));
  const wanted = readBlockList(parseXml(await receiveText(call), 'BlockList'));
  requireContainer(call);
  const current = checkTarget(call, conditions);
  const segments = findSegments(call, wanted, current);
  const blob: ObjectRecord = {
    ...attributes,
    key,
    size: segments.reduce((sum, segment) => sum + segment.size, 0),
    etag: call.newEtag(),
    modifiedAt: call.at,
    createdAt: current?.createdAt ?? call.at,
    segments,
    blockNames: wanted.map((block) => block.name),
  };
  // The blob refers to the blocks before the uncommitted ones are forgotten.
  call.core.putObject(bucket, blob);
  call.blocks.discard(bucket, key);
  const headers = { ...versionHeaders(blob), 'x-ms-request-server-encrypted': 'true' };
  return { status: 201, headers };
}

function readBlockList(root: XmlElement): WantedBlock[] {
  if (root.children.length > COMMITTED_BLOCKS_MAX) throw new AzureError('BlockListTooLong');
  return root.children.map(({ name: from, text, children }) => {
    const isKnown = from === 'Committed' || from === 'Uncommitted' || from === 'Latest';
    if (!isKnown || children.length > 0) {
      throw new AzureError('UnsupportedXmlNode', { elements: { XmlNodeName: from } });
    }
    return { from, name: checkBlockId(text.trim()) };
  });
}

function findSegments(
  call: AzureCall,
  wanted: readonly WantedBlock[],
  current: ObjectRecord | undefined,
): Segment[] {
  const committed = new Map<string, Segment>();
  for (const [index, name] of (current?.blockNames ?? []).entries()) {
    committed.set(name, current!.segments[index]!);
  }
  const uncommitted = (name: string): Segment | undefined =>
    call.blocks.find(bucketOfCall(call), call.target.blob, name, call.at)?.segments[0];
  return wanted.map(({ from, name }) => {
    const segment =
      (from === 'Committed' ? undefined : uncommitted(name)) ??
      (from === 'Uncommitted' ? undefined : committed.get(name));
    if (segment === undefined) throw new AzureError('InvalidBlockList');
    return segment;
  });
}

export function getBlockList(call: AzureCall): AzureReply {
  requireContainer(call);
  const bucket = bucketOfCall(call);
  const key = call.target.blob;
  const type = call.query.get('blocklisttype') ?? 'committed';
  if (!['committed', 'uncommitted', 'all'].includes(type)) {
    throw invalidQuery('blocklisttype', type, 'must be committed, uncommitted or all');
  }
  const blob = call.core.object(bucket, key);
  const open = call.blocks.list(bucket, key, call.at);
  if (blob === undefined && open.length === 0) throw new AzureError('BlobNotFound');
  const committed = (blob?.blockNames ?? []).map((name, index) =>
    blockElement(name, blob!.segments[index]!.size),
  );
  const uncommitted = open.map((block) => blockElement(block.name!, block.size));
  const { xml } = branch(
    'BlockList',
    type === 'uncommitted' ? undefined : branch('CommittedBlocks', ...committed),
    type === 'committed' ? undefined : branch('UncommittedBlocks', ...uncommitted),
  );
  const headers: Record<string, string> = {
    ...(blob === undefined ? {} : versionHeaders(blob)),
    'x-ms-blob-content-length': String(blob?.size ?? 0),
  };
  return { status: 200, headers, xml: azureDocument(xml) };
}

function blockElement(name: string, size: number): Xml {
  return branch('Block', leaf('Name', name), leaf('Size', size));
}
