import { header } from '../sigv4/wire-request.ts';
import { branch, leaf, type Xml } from '../wire/xml.ts';
import { objectArn, requireBucket, type S3Call, type S3Reply } from './call.ts';
import { checkDeleteCondition } from './conditions.ts';
import { checkKeyLength } from './copy-source.ts';
import { S3Error } from './errors.ts';
import { accessDenied } from './permissions.ts';
import { declaredChecksum, receiveText } from './receive-body.ts';
import { childList, childText, onlyChildren, parseXml, s3Document, type XmlNode } from './xml.ts';

const KEYS_MAX = 1000;
// 1,000 keys of 1,024 bytes, each byte as an entity reference, and room for the tags.
const XML_BYTES_MAX = 8 * 1024 * 1024;

/** Deletes up to 1,000 keys; each is authorised on its own and answered on its own. */
export async function deleteObjects(call: S3Call): Promise<S3Reply> {
  requireBucket(call, call.bucket);
  const isProtected =
    header(call.request, 'content-md5') !== undefined || declaredChecksum(call) !== undefined;
  if (!isProtected) {
    throw new S3Error('InvalidRequest', 'Missing required header for this request: Content-MD5');
  }
  const root = parseXml(await receiveText(call, XML_BYTES_MAX), 'Delete');
  onlyChildren(root, ['Object', 'Quiet']);
  const entries = childList(root, 'Object');
  if (entries.length === 0 || entries.length > KEYS_MAX) throw new S3Error('MalformedXML');
  const isQuiet = childText(root, 'Quiet')?.trim() === 'true';
  const wanted = entries.map(readEntry);
  const results: Xml[] = [];
  for (const entry of wanted) {
    const refusal = deleteOne(call, entry);
    if (refusal !== undefined) {
      results.push(
        branch(
          'Error',
          leaf('Key', entry.key),
          leaf('Code', refusal.code),
          leaf('Message', refusal.message),
        ),
      );
    } else if (!isQuiet) results.push(branch('Deleted', leaf('Key', entry.key)));
  }
  return { status: 200, xml: s3Document('DeleteResult', ...results) };
}

interface Entry {
  readonly key: string;
  readonly etag?: string;
  readonly versionId?: string;
}

function readEntry(node: XmlNode): Entry {
  onlyChildren(node, ['Key', 'VersionId', 'ETag']);
  const key = childText(node, 'Key');
  const etag = childText(node, 'ETag');
  const versionId = childText(node, 'VersionId');
  if (key === undefined || key === '') throw new S3Error('MalformedXML');
  return {
    key,
    ...(etag === undefined ? {} : { etag }),
    ...(versionId === undefined ? {} : { versionId }),
  };
}

function deleteOne(call: S3Call, entry: Entry): S3Error | undefined {
  const resource = objectArn(call.bucket, entry.key);
  const namesEtag = entry.etag !== undefined && entry.etag !== '*';
  const actions = namesEtag ? ['s3:DeleteObject', 's3:GetObject'] : ['s3:DeleteObject'];
  for (const action of actions) {
    const decision = call.decide(action, resource);
    if (!decision.allowed) return accessDenied(call, decision);
  }
  try {
    checkKeyLength(entry.key);
    if (entry.versionId !== undefined && entry.versionId !== 'null') {
      throw new S3Error('NotImplemented', 'Object versions are not implemented by this storage.');
    }
    checkDeleteCondition(entry.etag, call.core.object(call.bucket, entry.key));
  } catch (error) {
    if (error instanceof S3Error) return error;
    throw error;
  }
  call.core.deleteObject(call.bucket, entry.key);
  return undefined;
}
