import type { RecordKeeper } from '../core/open-state.ts';

/** A stored access policy of a container. Empty texts are fields that the policy leaves open. */
export interface StoredPolicy {
  readonly id: string;
  readonly start: string;
  readonly expiry: string;
  readonly permissions: string;
}

export interface ContainerRecord {
  /** As `account/container`. */
  readonly bucket: string;
  readonly etag: string;
  readonly modifiedAt: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly policies: readonly StoredPolicy[];
  /** Until then the policies are not known to the storage (a fault). */
  readonly policiesKnownFrom?: number;
}

export type ContainerChange =
  | { readonly type: 'container.set'; readonly container: ContainerRecord }
  | { readonly type: 'container.deleted'; readonly bucket: string };

/**
 * What containers have beside their blobs. It shares the journal with the object core, whose
 * bucket of the same name holds the blobs; a container exists when it is here.
 */
export class ContainerShelf implements RecordKeeper<ContainerChange> {
  readonly #containers = new Map<string, ContainerRecord>();
  #journal: (change: ContainerChange) => void = () => undefined;

  startServing(journal: (change: ContainerChange) => void): void {
    this.#journal = journal;
  }

  find(bucket: string): ContainerRecord | undefined {
    return this.#containers.get(bucket);
  }

  /** All containers, by name. */
  all(): ContainerRecord[] {
    const all = [...this.#containers.values()];
    return all.sort((left, right) => (left.bucket < right.bucket ? -1 : 1));
  }

  set(container: ContainerRecord): void {
    this.#commit({ type: 'container.set', container });
  }

  delete(bucket: string): void {
    this.#commit({ type: 'container.deleted', bucket });
  }

  *snapshot(): Generator<ContainerChange> {
    for (const container of this.#containers.values()) yield { type: 'container.set', container };
  }

  apply(change: ContainerChange): void {
    switch (change.type) {
      case 'container.set':
        this.#containers.set(change.container.bucket, change.container);
        return;
      case 'container.deleted':
        this.#containers.delete(change.bucket);
        return;
      default:
        throw new Error(`unknown change: ${JSON.stringify(change satisfies never)}`);
    }
  }

  #commit(change: ContainerChange): void {
    this.#journal(change);
    this.apply(change);
  }
}
