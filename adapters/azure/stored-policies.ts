import { createHash } from 'node:crypto';
import type { ContainerClient, SignedIdentifier } from '@azure/storage-blob';
import type { StorageLocation } from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { type CredentialScope, scopeId } from '../../machines/rules/scope.ts';
import type { EpochMs } from '../../machines/rules/time.ts';

/** Azure keeps so many for a container. */
export const POLICIES_MAX = 5;

type Send = <Result>(operation: string, run: () => Promise<Result>) => Promise<Result>;

/** By which the policies of one repository's issuer are known, whoever else uses the account. */
export function policyMark({ bucket, endpoint }: StorageLocation): string {
  return `fn-${shortHash(`${endpoint ?? ''} ${bucket}`)}-`;
}

/** The id of a policy is the key id of its SAS, so it tells scopes and generations apart. */
export function policyId(mark: string, scope: CredentialScope, generation: number): string {
  return `${mark}${shortHash(scopeId(scope))}-g${generation}`;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

async function readPolicies(container: ContainerClient, send: Send) {
  const answer = await send('GetContainerAcl', () => container.getAccessPolicy());
  return answer.signedIdentifiers as readonly SignedIdentifier[];
}

async function writePolicies(
  container: ContainerClient,
  send: Send,
  policies: readonly SignedIdentifier[],
): Promise<void> {
  await send('SetContainerAcl', () => container.setAccessPolicy(undefined, [...policies]));
}

/** Adds or replaces one policy; those of ours that have ended make room. */
export async function addPolicy(
  container: ContainerClient,
  send: Send,
  wanted: SignedIdentifier,
  { mark, now }: { readonly mark: string; readonly now: EpochMs },
): Promise<void> {
  const others = (await readPolicies(container, send)).filter(({ id, accessPolicy }) => {
    const hasEnded = (accessPolicy.expiresOn?.getTime() ?? now + 1) <= now;
    return id !== wanted.id && !(id.startsWith(mark) && hasEnded);
  });
  if (others.length >= POLICIES_MAX) {
    throw new FortnightError(
      'issuer.limit',
      `container ${container.containerName} has ${others.length} stored access policies, Azure ` +
        `keeps ${POLICIES_MAX}: remove one that nobody needs`,
    );
  }
  await writePolicies(container, send, [...others, wanted]);
}

/** Gives the ids of those that were there and are gone now. */
export async function removePolicies(
  container: ContainerClient,
  send: Send,
  isUnwanted: (id: string) => boolean,
): Promise<readonly string[]> {
  const policies = await readPolicies(container, send);
  const unwanted = policies.filter(({ id }) => isUnwanted(id));
  if (unwanted.length === 0) return [];
  await writePolicies(
    container,
    send,
    policies.filter((policy) => !unwanted.includes(policy)),
  );
  return unwanted.map(({ id }) => id);
}
