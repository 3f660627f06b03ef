import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { StartError } from '../options.ts';
import type { GcsServiceAccountOptions } from './options.ts';
import type { GcsShelf, ServiceAccountRecord } from './shelf.ts';

export const HOUR_MS = 3_600_000;
export const TOKEN_LIFETIME_MS_MAX = 12 * HOUR_MS;

/** A service account as the endpoints see it. */
export interface ServiceAccount {
  readonly email: string;
  readonly projectId: string;
  /** The number that stands for the account in other places. */
  readonly uniqueId: string;
  readonly keys: ReadonlyMap<string, KeyObject>;
  readonly tokenCreators: readonly string[];
  readonly longestTokenMs: number;
}

/** An account as a call makes it: without keys, so that it can do nothing by itself. */
export function plainAccount(record: ServiceAccountRecord): ServiceAccount {
  const { email, projectId, uniqueId } = record;
  const rights = { keys: new Map(), tokenCreators: [], longestTokenMs: HOUR_MS };
  return { email, projectId, uniqueId, ...rights };
}

/** Reads the accounts of the options and of the state; throws StartError. */
export function readAccounts(
  options: readonly GcsServiceAccountOptions[],
  shelf: GcsShelf,
): Map<string, ServiceAccount> {
  const accounts = new Map<string, ServiceAccount>();
  options.forEach((account, index) => {
    if (!/^[^\s@/]+@[^\s@/]+$/.test(account.email) || accounts.has(account.email)) {
      throw invalid(`"${account.email}" is no e-mail address of its own`);
    }
    const longestTokenMs = account.longestTokenMs ?? HOUR_MS;
    if (longestTokenMs < HOUR_MS || longestTokenMs > TOKEN_LIFETIME_MS_MAX) {
      throw invalid('tokens live 1 to 12 hours at most');
    }
    accounts.set(account.email, {
      email: account.email,
      projectId: account.projectId,
      uniqueId: String(100_000_000_000_000 + index),
      keys: readKeys(account, shelf),
      tokenCreators: account.tokenCreators ?? [],
      longestTokenMs,
    });
  });
  for (const record of shelf.madeAccounts.values()) {
    if (!accounts.has(record.email)) accounts.set(record.email, plainAccount(record));
  }
  return accounts;
}

function readKeys(
  account: GcsServiceAccountOptions,
  shelf: GcsShelf,
): ReadonlyMap<string, KeyObject> {
  const keys = new Map<string, KeyObject>();
  for (const { keyId, publicKey } of account.keys ?? []) {
    try {
      keys.set(keyId, createPublicKey(publicKey));
    } catch {
      throw invalid(`key ${keyId} of ${account.email} is no public key in PEM`);
    }
    if (keys.get(keyId)?.asymmetricKeyType !== 'rsa') {
      throw invalid(`key ${keyId} of ${account.email} is no RSA key`);
    }
  }
  if (account.generateKey === true) makeKey(account.email, shelf);
  const made = shelf.accountKeys.get(account.email);
  if (made !== undefined) keys.set(made.keyId, createPublicKey(made.privateKey));
  return keys;
}

/** Once for a state: clients keep the key file over a restart. */
function makeKey(email: string, shelf: GcsShelf): void {
  if (shelf.accountKeys.has(email)) return;
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  shelf.commit({ type: 'accountKey.made', key: { email, keyId: 'generated', privateKey } });
}

function invalid(message: string): StartError {
  return new StartError('options.invalid', message);
}
