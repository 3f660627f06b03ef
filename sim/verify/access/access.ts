import type { Clock } from '../../../machines/ports/clock.ts';
import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import type { ObjectStore } from '../../../machines/ports/object-store.ts';
import type { StorageCredential } from '../../../machines/ports/storage-credential.ts';
import type { CredentialScope } from '../../../machines/rules/scope.ts';
import type { EpochMs } from '../../../machines/rules/time.ts';
import type { RunNames } from '../names.ts';

/** When a credential may open something; `null`: no bound on that side. */
export interface Window {
  readonly startsAt: EpochMs | null;
  readonly endsAt: EpochMs;
}

/** A part of a credential that is changed on purpose, and what the storage may call that. */
export interface Damage {
  readonly what: 'wrong secret' | 'unknown key' | 'wrong token';
  readonly credential: StorageCredential;
}

/**
 * One storage as the points see it, whatever its family. Every store leaves all refusals to the
 * storage (no C16 on this side), and every rejection is from the catalogue and free of secrets.
 */
export interface Access {
  /** By the target's own settings. */
  readonly issuer: CredentialIssuer;
  /** Without the limit that the settings state: what does the storage itself allow? */
  readonly unlimitedIssuer: CredentialIssuer;
  /** Of the storage itself, for requests without a credential. */
  readonly endpoint: string;
  /** All scopes share one bucket; else each has a container of its own. */
  readonly hasOnePlace: boolean;
  /** A store on the place of a scope; `null`: where nobody's objects lie. */
  store(place: CredentialScope | null, credential: StorageCredential, clock?: Clock): ObjectStore;
  /** What there is already where the run would work: it must be nothing. `null`: nothing is. */
  occupant(names: RunNames): Promise<string | null>;
  /** Makes what must be there before objects can lie in the places. */
  prepare(names: RunNames): Promise<void>;
  /** Takes away what `prepare` makes, also of another connection; gives what stayed. */
  removePlaces(names: RunNames): Promise<readonly string[]>;
  /** Keys that the addresses of this storage cannot name. */
  isNameless(key: string): boolean;
  /** Why the storage has no end or start that could be set at will; `null`: it has. */
  windowProblem(side: 'end' | 'start'): string | null;
  /** A credential of the scope with a window that the storage itself must keep. */
  window(scope: CredentialScope, generation: number, window: Window): Promise<StorageCredential>;
  damages(credential: StorageCredential): readonly Damage[];
  /** The owner's or the tenant's requests carry a date that the storage compares with its clock. */
  readonly datedBy: 'tenant' | 'owner' | 'nobody';
  /** Copies inside the storage, in every way that it has; the names of the ways that worked. */
  copies(credential: StorageCredential, from: CopyPlace, to: CopyPlace): readonly CopyWay[];
  /** Asks for unfinished uploads below a prefix, and touches none. */
  listUploads(
    place: CredentialScope | null,
    credential: StorageCredential,
    prefix: string,
  ): Promise<void>;
  /** Whether such a listing is the same right as the listing of objects. */
  readonly listsUploadsWithObjects: boolean;
  close(): void;
}

export interface CopyPlace {
  readonly place: CredentialScope | null;
  readonly key: string;
}

export interface CopyWay {
  readonly name: string;
  run(): Promise<void>;
}

/** The first key of the run's folder, where all scopes share one bucket. */
export async function firstKeyOf(store: ObjectStore, names: RunNames): Promise<string | null> {
  for (const prefix of names.prefixes) {
    for await (const { key } of store.list(prefix)) return key;
  }
  return null;
}

/** Stores that are closed together. */
export class Closers {
  readonly #closers: (() => void)[] = [];

  add<Closable extends { close(): void }>(closable: Closable): Closable {
    this.#closers.push(() => closable.close());
    return closable;
  }

  close(): void {
    for (const close of this.#closers.splice(0)) close();
  }
}

/** The last character changed, so that the form stays right. */
export function spoiled(text: string): string {
  const at = text.length - 3;
  const other = text[at] === 'A' ? 'B' : 'A';
  return `${text.slice(0, at)}${other}${text.slice(at + 1)}`;
}
