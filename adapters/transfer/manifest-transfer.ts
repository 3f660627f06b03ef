import { FortnightError } from '../../machines/rules/errors.ts';
import { MANIFEST_OBJECT_BYTES_MAX } from '../backup-format/manifest.ts';
import type { EngineCore } from './engine-core.ts';
import { MANIFEST_PART_BYTES } from './messages.ts';

/** A manifest may be longer than a frame of the link, so it crosses in parts. */
export async function sendManifest(
  core: EngineCore,
  restorePoint: string,
  object: Uint8Array,
): Promise<void> {
  await core.send({ type: 'manifest.begin', restorePoint, bytes: object.length });
  for (let position = 0; position < object.length; position += MANIFEST_PART_BYTES) {
    const payload = object.subarray(position, position + MANIFEST_PART_BYTES);
    await core.send({ type: 'manifest.part', payload });
  }
}

/** Puts the parts together; more bytes than were announced break the protocol. */
export class ManifestAssembler {
  #restorePoint: string | null = null;
  #parts: Uint8Array[] = [];
  #missingBytes = 0;

  begin(restorePoint: string, bytes: number): void {
    const isExpected = this.#restorePoint === null && bytes > 0;
    if (!isExpected || bytes > MANIFEST_OBJECT_BYTES_MAX) {
      throw new FortnightError('protocol.violation', 'A manifest was announced out of turn.');
    }
    this.#restorePoint = restorePoint;
    this.#missingBytes = bytes;
  }

  /** The whole object with the last part, `null` before. */
  add(part: Uint8Array): { readonly restorePoint: string; readonly object: Uint8Array } | null {
    if (part.length === 0 || part.length > this.#missingBytes || this.#restorePoint === null) {
      throw new FortnightError('protocol.violation', 'A part of a manifest came out of turn.');
    }
    this.#parts.push(part);
    this.#missingBytes -= part.length;
    if (this.#missingBytes > 0) return null;
    const object = new Uint8Array(Buffer.concat(this.#parts));
    this.#parts = [];
    return { restorePoint: this.#restorePoint, object };
  }
}
