import type { ObjectInfo } from '../../machines/ports/object-store.ts';
import { type ErrorCode, FortnightError } from '../../machines/rules/errors.ts';
import type { BlockId } from '../backup-format/block.ts';
import {
  blockIdOfKey,
  blocksPrefix,
  manifestKey,
  manifestsPrefix,
  restorePointOfKey,
} from '../backup-format/keys.ts';
import { decodeManifest, type Manifest } from '../backup-format/manifest.ts';
import type { EngineCore } from './engine-core.ts';
import type { RequestGate } from './request-gate.ts';

/** What lies in the storage for one backup, read through the gate. */
export class StoredBackup {
  readonly #core: EngineCore;
  readonly #gate: RequestGate;
  readonly #backup: string;

  constructor(core: EngineCore, gate: RequestGate, backup: string) {
    this.#core = core;
    this.#gate = gate;
    this.#backup = backup;
  }

  /** Lengths of the stored block objects. A million blocks take about 150 MB. */
  async blockSizes(): Promise<Map<BlockId, number>> {
    const sizes = new Map<BlockId, number>();
    await this.#gate.list(blocksPrefix(this.#core.spec.scope, this.#backup), (object) => {
      const id = blockIdOfKey(object.key);
      if (id !== null) sizes.set(id, object.sizeBytes);
    });
    return sizes;
  }

  /** Oldest first, because ids sort by time. */
  async restorePoints(): Promise<{ readonly id: string; readonly object: ObjectInfo }[]> {
    const points: { id: string; object: ObjectInfo }[] = [];
    await this.#gate.list(manifestsPrefix(this.#core.spec.scope, this.#backup), (object) => {
      const id = restorePointOfKey(object.key);
      if (id !== null) points.push({ id, object });
    });
    return points;
  }

  /** The asked one, or the newest for `null`; `restorePoint.missing` when there is none. */
  async resolve(restorePoint: string | null): Promise<string> {
    const points = await this.restorePoints();
    const found =
      restorePoint === null ? points.at(-1) : points.find(({ id }) => id === restorePoint);
    if (found !== undefined) return found.id;
    const what = restorePoint === null ? 'It has none yet' : JSON.stringify(restorePoint);
    throw new FortnightError('restorePoint.missing', `Backup "${this.#backup}": ${what}.`);
  }

  /** The manifest as it is stored; `restorePoint.missing` when it has just been removed. */
  async manifestObject(restorePoint: string): Promise<Uint8Array> {
    const key = manifestKey(this.#core.spec.scope, this.#backup, restorePoint);
    try {
      const object = await this.#gate.run(0, (store) =>
        store.get(key, { signal: this.#core.signal }),
      );
      this.#core.countStorage(object.length);
      return object;
    } catch (thrown) {
      if (!(thrown instanceof FortnightError) || thrown.code !== 'object.missing') {
        throw corruptAtRest(thrown, 'manifest.corrupt', restorePoint);
      }
      throw new FortnightError('restorePoint.missing', `${restorePoint} of "${this.#backup}".`);
    }
  }

  async manifest(restorePoint: string): Promise<Manifest> {
    return decodeManifest(await this.manifestObject(restorePoint), restorePoint);
  }
}

/**
 * The store has tried again already: bytes that still arrive wrong lie wrong in the storage, and
 * no new session, mover or credential would read them otherwise.
 */
export function corruptAtRest(thrown: unknown, code: ErrorCode, what: string): unknown {
  if (!(thrown instanceof FortnightError) || thrown.code !== 'object.corrupt') return thrown;
  return new FortnightError(code, `${what}: ${thrown.detail}.`);
}

/** The distinct blocks of a restore point, in the order of first use. */
export function blocksOf(manifest: Manifest): Set<BlockId> {
  const ids = new Set<BlockId>();
  for (const entry of manifest.entries) {
    if (entry.kind === 'file') for (const id of entry.blocks) ids.add(id);
  }
  return ids;
}
