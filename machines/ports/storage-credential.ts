import type { StorageKind } from '../rules/settings.ts';
import type { EpochMs } from '../rules/time.ts';
import { Secret } from './secret.ts';

interface CredentialCommon {
  /** The non-secret part; for logs (`keyId`) and for I7/I8. */
  readonly keyId: string;
  /** 0 for the repository's own credential, else the generation of the scope (C12). */
  readonly generation: number;
  /** `null`: does not end by itself (shared and repository credentials, I43). */
  readonly expiresAt: EpochMs | null;
}

/** AWS, S3-compatible, and an HMAC key of Google (XML API). */
export interface S3Keys extends CredentialCommon {
  readonly kind: 's3-keys';
  readonly secretKey: Secret;
  readonly sessionToken: Secret | null;
}

/** The SP's own key of an Azure account; `keyId` is the account's name. */
export interface AzureAccountKey extends CredentialCommon {
  readonly kind: 'azure-account-key';
  /** Base64, as the portal shows it. */
  readonly accountKey: Secret;
}

/** An application of Entra ID that may ask for user-delegation keys (C21); `keyId` is its id. */
export interface AzureApplication extends CredentialCommon {
  readonly kind: 'azure-application';
  readonly directory: string;
  readonly clientSecret: Secret;
}

/** The SAS links of one scope (C3, C9): one for its folder, one for reading the configuration. */
export interface AzureSas extends CredentialCommon {
  readonly kind: 'azure-sas';
  /** Query strings without `?`. */
  readonly folderSas: Secret;
  readonly configSas: Secret;
}

/** An OAuth 2.0 access token of Google. */
export interface GcsToken extends CredentialCommon {
  readonly kind: 'gcs-token';
  readonly token: Secret;
}

/** The SP's own service account; `keyId` is its e-mail address. */
export interface GcsServiceAccount extends CredentialCommon {
  readonly kind: 'gcs-service-account';
  /** PKCS #8, PEM. */
  readonly privateKey: Secret;
}

/** What opens a storage. Lives only in the SP server and, opened, in a target mover (C6). */
export type StorageCredential =
  | S3Keys
  | AzureAccountKey
  | AzureApplication
  | AzureSas
  | GcsToken
  | GcsServiceAccount;

export type CredentialKind = StorageCredential['kind'];

type OfKind<Kind extends CredentialKind> = Extract<StorageCredential, { readonly kind: Kind }>;

/** Narrows to the kind that a store or issuer works with; anything else is a fault of assembly. */
export function requireCredential<Kind extends CredentialKind>(
  kind: Kind,
  credential: StorageCredential,
): OfKind<Kind> {
  if (credential.kind === kind) return credential as OfKind<Kind>;
  throw new Error(`needs a credential of kind ${kind}, not ${credential.kind}`);
}

/** Each kind's own fields, and which of them are secret. */
const OWN_FIELDS: Readonly<Record<CredentialKind, Readonly<Record<string, 'secret' | 'clear'>>>> = {
  's3-keys': { secretKey: 'secret', sessionToken: 'secret' },
  'azure-account-key': { accountKey: 'secret' },
  'azure-application': { directory: 'clear', clientSecret: 'secret' },
  'azure-sas': { folderSas: 'secret', configSas: 'secret' },
  'gcs-token': { token: 'secret' },
  'gcs-service-account': { privateKey: 'secret' },
};

/** The secrets of a credential, for a tripwire. */
export function secretsOf(credential: StorageCredential): readonly Secret[] {
  return Object.values(credential).filter((value) => value instanceof Secret);
}

const LENGTH_BYTES = 4;
const ABSENT = 0xffff_ffff;

/**
 * What must be encrypted of a credential: its kind, key id and own fields, each with its length
 * before it. Only for the two places that encrypt it at once (the SP's database, the sealing to a mover);
 * they overwrite it afterwards, so no secret becomes a string on the way.
 */
export function packCredential(credential: StorageCredential): Uint8Array {
  const packed = new PackedFields();
  packed.add(new TextEncoder().encode(credential.kind));
  packed.add(new TextEncoder().encode(credential.keyId));
  const values = credential as unknown as Readonly<Record<string, Secret | string | null>>;
  for (const name of Object.keys(OWN_FIELDS[credential.kind])) {
    const value = values[name] ?? null;
    // biome-ignore lint/correctness/useHookAtTopLevel: a method of Secret, not a React hook.
    if (value instanceof Secret) value.useBytes((bytes) => packed.add(bytes));
    else packed.add(value === null ? null : new TextEncoder().encode(value));
  }
  return packed.take();
}

/** The way back; throws RangeError for bytes that are no packed credential. */
export function unpackCredential(
  packed: Uint8Array,
  common: { readonly generation: number; readonly expiresAt: EpochMs | null },
): StorageCredential {
  const [kindBytes, keyIdBytes, ...values] = unpackFields(packed);
  const kind = new TextDecoder().decode(kindBytes ?? new Uint8Array());
  if (!Object.hasOwn(OWN_FIELDS, kind)) throw new RangeError('no credential of a known kind');
  const own = Object.entries(OWN_FIELDS[kind as CredentialKind]);
  if (values.length !== own.length) throw new RangeError('a credential lacks fields');
  const fields = own.map(([name, nature], index) => {
    const bytes = values[index] ?? null;
    if (bytes === null) return [name, null];
    return [name, nature === 'secret' ? new Secret(bytes) : new TextDecoder().decode(bytes)];
  });
  const keyId = new TextDecoder().decode(keyIdBytes ?? new Uint8Array());
  return { kind, keyId, ...common, ...Object.fromEntries(fields) } as StorageCredential;
}

/** Grows without leaving copies of what it holds behind. */
class PackedFields {
  #bytes = new Uint8Array(1024);
  #length = 0;

  add(field: Uint8Array | null): void {
    this.#reserve(LENGTH_BYTES + (field?.byteLength ?? 0));
    const view = new DataView(this.#bytes.buffer);
    view.setUint32(this.#length, field === null ? ABSENT : field.byteLength);
    this.#length += LENGTH_BYTES;
    if (field === null) return;
    this.#bytes.set(field, this.#length);
    this.#length += field.byteLength;
  }

  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#bytes.fill(0);
    return taken;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.byteLength) return;
    const larger = new Uint8Array(2 * (this.#length + count));
    larger.set(this.#bytes);
    this.#bytes.fill(0);
    this.#bytes = larger;
  }
}

/** Each field is a copy, so that the packed bytes may be overwritten (a Buffer's `slice` is none). */
function unpackFields(packed: Uint8Array): (Uint8Array | null)[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const fields: (Uint8Array | null)[] = [];
  let offset = 0;
  while (offset < packed.byteLength) {
    const length = view.getUint32(offset);
    offset += LENGTH_BYTES;
    if (length === ABSENT) {
      fields.push(null);
      continue;
    }
    if (offset + length > packed.byteLength) throw new RangeError('a credential is cut off');
    fields.push(new Uint8Array(packed.subarray(offset, offset + length)));
    offset += length;
  }
  return fields;
}

/** Where a bucket is and how to talk to it. No secrets. */
export interface StorageLocation {
  readonly storage: StorageKind;
  /** `null`: the vendor's own. Azure: the account's URL, whose host or path names the account. */
  readonly endpoint: string | null;
  /** Empty where the kind has none. */
  readonly region: string;
  /** The bucket, or the container, of the scope's folder. */
  readonly bucket: string;
  /** Where `Config/` lies if not in `bucket`: a flat Azure account has a container a tenant. */
  readonly configBucket?: string;
  /** Google: where a service account asks for tokens; Google's own when absent. */
  readonly tokenUrl?: string;
}
