import { isoInstant } from '../../core/instants.ts';
import type { ObjectRecord } from '../../core/records.ts';
import type { GcsCall } from '../call.ts';
import { headerOf } from '../call.ts';
import { HEADER_MEMBERS, STORAGE_CLASS_HEADER } from './attributes.ts';

/** The address that the client used, for links in answers. */
export function originOf(call: GcsCall): string {
  const host = headerOf(call, 'host') ?? 'localhost';
  return `${call.world.isSecure ? 'https' : 'http'}://${host}`;
}

/** An object as the JSON API shows it. */
export function objectResource(
  call: GcsCall,
  bucket: string,
  object: ObjectRecord,
): Record<string, unknown> {
  const { key, size, modifiedAt, createdAt = modifiedAt, systemHeaders, userMetadata } = object;
  const generation = String(object.generation ?? 0);
  const path = `b/${bucket}/o/${encodeURIComponent(key)}`;
  const headers = Object.entries(HEADER_MEMBERS).flatMap(([member, name]) =>
    Object.hasOwn(systemHeaders, name) ? [[member, systemHeaders[name]]] : [],
  );
  const md5 = md5Base64(object);
  return {
    kind: 'storage#object',
    id: `${bucket}/${key}/${generation}`,
    selfLink: `${originOf(call)}/storage/v1/${path}`,
    mediaLink: `${originOf(call)}/download/storage/v1/${path}?generation=${generation}&alt=media`,
    name: key,
    bucket,
    generation,
    metageneration: String(object.metageneration ?? 1),
    ...Object.fromEntries(headers),
    storageClass: storageClassOf(object),
    size: String(size),
    ...(md5 === undefined ? {} : { md5Hash: md5 }),
    ...(object.checksum === undefined ? {} : { crc32c: object.checksum.value }),
    ...(object.componentCount === undefined ? {} : { componentCount: object.componentCount }),
    etag: jsonEtag(object),
    timeCreated: isoInstant(createdAt),
    updated: isoInstant(modifiedAt),
    timeStorageClassUpdated: isoInstant(createdAt),
    timeFinalized: isoInstant(createdAt),
    ...(Object.keys(userMetadata).length === 0 ? {} : { metadata: userMetadata }),
  };
}

export function jsonEtag(object: ObjectRecord): string {
  const text = `${object.generation ?? 0}/${object.metageneration ?? 1}`;
  return Buffer.from(text).toString('base64');
}

export function storageClassOf(object: ObjectRecord): string {
  return object.systemHeaders[STORAGE_CLASS_HEADER] ?? 'STANDARD';
}

/** Composed objects have no MD5. */
export function md5Base64({ etag }: ObjectRecord): string | undefined {
  return /^[0-9a-f]{32}$/.test(etag) ? Buffer.from(etag, 'hex').toString('base64') : undefined;
}

/** Headers of an answer that carries (or describes) the bytes of an object. */
export function mediaHeaders(object: ObjectRecord): Record<string, string> {
  const { systemHeaders } = object;
  const hashes = [
    object.checksum === undefined ? [] : [`crc32c=${object.checksum.value}`],
    md5Base64(object) === undefined ? [] : [`md5=${md5Base64(object)}`],
  ].flat();
  const { [STORAGE_CLASS_HEADER]: _class, ...own } = systemHeaders;
  return {
    'content-type': 'application/octet-stream',
    ...own,
    'accept-ranges': 'bytes',
    'last-modified': new Date(object.modifiedAt).toUTCString(),
    'x-goog-generation': String(object.generation ?? 0),
    'x-goog-metageneration': String(object.metageneration ?? 1),
    'x-goog-storage-class': storageClassOf(object),
    'x-goog-stored-content-encoding': systemHeaders['content-encoding'] ?? 'identity',
    'x-goog-stored-content-length': String(object.size),
    ...(hashes.length === 0 ? {} : { 'x-goog-hash': hashes.join(',') }),
  };
}
