import { FortnightError } from '../../machines/rules/errors.ts';
import { xmlUrl } from './addresses.ts';
import type { GcsRequests } from './requests.ts';

interface UnfinishedUpload {
  readonly key: string;
  readonly uploadId: string;
}

/** No listing of Google's has so many pages of 1,000; a marker that does not move would be one. */
const PAGES_MAX = 10_000;

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

function decodeXml(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(\w+));/g,
    (whole, hex, decimal, name) => {
      if (name !== undefined) return ENTITIES[name] ?? whole;
      return String.fromCodePoint(Number.parseInt(hex ?? decimal, hex === undefined ? 10 : 16));
    },
  );
}

function element(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text === undefined ? undefined : decodeXml(text);
}

function readUploads(xml: string): UnfinishedUpload[] {
  return [...xml.matchAll(/<Upload>([\s\S]*?)<\/Upload>/g)].flatMap(([, upload = '']) => {
    const key = element(upload, 'Key');
    const uploadId = element(upload, 'UploadId');
    return key === undefined || uploadId === undefined ? [] : [{ key, uploadId }];
  });
}

/**
 * I75 for the SP. Resumable sessions cannot be listed at Google: those that were not cancelled end
 * after a week. What can be listed are multipart uploads of the XML API, which tenants with an HMAC key
 * leave behind. An upload that ends while the sweep runs is nobody's orphan.
 */
export async function abortUploadsBelow(requests: GcsRequests, prefix: string): Promise<number> {
  const found = await listUploads(requests, prefix);
  let aborted = 0;
  for (const { key, uploadId } of found) {
    try {
      await requests.send({
        operation: 'xml.abortMultipartUpload',
        target: 'session',
        request: { method: 'DELETE', url: xmlUrl(requests, key, { uploadId }) },
      });
      aborted += 1;
    } catch (thrown) {
      if (!(thrown instanceof FortnightError && thrown.code === 'upload.missing')) throw thrown;
    }
  }
  return aborted;
}

async function listUploads(requests: GcsRequests, prefix: string): Promise<UnfinishedUpload[]> {
  const found: UnfinishedUpload[] = [];
  let marker: Readonly<Record<string, string | undefined>> = {};
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await requests.send({
      operation: 'xml.listMultipartUploads',
      target: 'bucket',
      request: {
        method: 'GET',
        url: xmlUrl(requests, null, { uploads: '', prefix: prefix || undefined, ...marker }),
      },
    });
    found.push(...readUploads(answer.text));
    if (element(answer.text, 'IsTruncated') !== 'true') return found;
    marker = {
      'key-marker': element(answer.text, 'NextKeyMarker'),
      'upload-id-marker': element(answer.text, 'NextUploadIdMarker'),
    };
    if (marker['key-marker'] === undefined) break;
  }
  const operation = 'xml.listMultipartUploads';
  throw new FortnightError('storage.unavailable', `${operation}: truncated without a marker`);
}
