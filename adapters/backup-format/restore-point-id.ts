import { type EpochMs, formatInstant } from '../../machines/rules/time.ts';

/** The last instant with a four-digit year: past it, ids would no longer sort by time. */
const CREATED_AT_MAX: EpochMs = 253_402_300_799_999;

export function isCreatedAt(at: unknown): at is EpochMs {
  return Number.isSafeInteger(at) && (at as number) >= 0 && (at as number) <= CREATED_AT_MAX;
}

/**
 * `20261122T151447.000Z-1f9a3c`: the instant, then six hex digits of the manifest's SHA-256. Sorts
 * by time as text, is safe as a key, and two different restore points of one instant differ.
 */
export function restorePointId(createdAt: EpochMs, contentHash: string): string {
  if (!isCreatedAt(createdAt)) throw new Error(`${createdAt} cannot name a restore point`);
  return `${formatInstant(createdAt).replaceAll(/[-:]/g, '')}-${contentHash.slice(0, 6)}`;
}

export function isRestorePointId(text: unknown): text is string {
  return typeof text === 'string' && /^\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{6}$/.test(text);
}
