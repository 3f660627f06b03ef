import { type EpochMs, formatInstant } from '../../machines/rules/time.ts';

/**
 * A CEL literal that holds exactly this text. A quote, a backslash or a control character that ended
 * the literal early would make a condition of a tenant's name (CVE-2026-42811). Names cannot hold them
 * (§6); this is the second wall.
 */
export function celText(text: string): string {
  const escaped = text.replace(
    /['"`\\\p{Cc}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `'${escaped}'`;
}

/** As the resource is called in conditions. */
export function objectResource(bucket: string, prefix: string): string {
  return `projects/_/buckets/${bucket}/objects/${prefix}`;
}

export function isObjectBelow(bucket: string, prefix: string): string {
  return `resource.name.startsWith(${celText(objectResource(bucket, prefix))})`;
}

/**
 * The resource of a listing is the bucket, so a listing is limited by the prefix that it asks for.
 * Works in access boundaries only (providers §1.5).
 */
export function isListingBelow(prefix: string): string {
  const attribute = "api.getAttribute('storage.googleapis.com/objectListPrefix', '')";
  return `${attribute}.startsWith(${celText(prefix)})`;
}

export function isBefore(at: EpochMs): string {
  return `request.time < timestamp(${celText(formatInstant(at))})`;
}
