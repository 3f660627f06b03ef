import type { Decision, LayerDecision } from '../access/evaluate.ts';
import type { Caller } from './caller.ts';
import type { EntraPrincipal } from './entra.ts';
import { AzureError } from './errors.ts';
import type { AzureOperation } from './operations.ts';
import type { EntraRole } from './options.ts';

interface Needs {
  /** Letters of which a SAS needs one; absent: no service SAS may do this. */
  readonly letters?: string;
  /** Resources whose SAS may do this. Default: all. */
  readonly resources?: string;
  /** Absent: bearer tokens may not do this at all. */
  readonly right?: 'read' | 'write' | 'delegate';
}

/** What each operation needs, by kind of caller. The account key may do everything. */
const NEEDS: Readonly<Record<AzureOperation, Needs>> = {
  ListContainers: { right: 'read' },
  GetAccountInfo: { letters: 'r', right: 'read' },
  GetUserDelegationKey: { right: 'delegate' },
  CreateContainer: { right: 'write' },
  DeleteContainer: { right: 'write' },
  GetContainerProperties: { right: 'read' },
  SetContainerMetadata: { right: 'write' },
  // Stored access policies belong to the account key alone.
  GetContainerAcl: {},
  SetContainerAcl: {},
  ListBlobs: { letters: 'l', resources: 'cd', right: 'read' },
  PutBlob: { letters: 'cw', right: 'write' },
  PutBlock: { letters: 'w', right: 'write' },
  PutBlockList: { letters: 'w', right: 'write' },
  GetBlockList: { letters: 'r', right: 'read' },
  GetBlob: { letters: 'r', right: 'read' },
  GetBlobProperties: { letters: 'r', right: 'read' },
  GetBlobMetadata: { letters: 'r', right: 'read' },
  SetBlobMetadata: { letters: 'w', right: 'write' },
  SetBlobProperties: { letters: 'w', right: 'write' },
  DeleteBlob: { letters: 'd', right: 'write' },
  CopyBlob: { letters: 'cw', right: 'write' },
};

const RIGHTS: Readonly<Record<EntraRole, readonly Needs['right'][]>> = {
  'Storage Blob Data Reader': ['read', 'delegate'],
  'Storage Blob Data Contributor': ['read', 'write', 'delegate'],
  'Storage Blob Data Owner': ['read', 'write', 'delegate'],
  'Storage Blob Delegator': ['delegate'],
};

/** Whether a caller may do this, layer by layer, with the reason. */
export function decideAzure(
  caller: Caller,
  operation: AzureOperation,
  resource: string,
): Decision & { readonly refusal?: 'AuthorizationFailure' | 'AuthorizationPermissionMismatch' } {
  const layers: LayerDecision[] = [];
  const add = (source: LayerDecision['source'], isAllowed: boolean, statement: string): void => {
    layers.push({ source, outcome: isAllowed ? 'allowed' : 'not allowed', statement });
  };
  const needs = NEEDS[operation];
  let refusal: 'AuthorizationFailure' | 'AuthorizationPermissionMismatch' | undefined;
  if (caller.kind === 'accountKey') add('account key', true, 'full access');
  if (caller.kind === 'sas') {
    const isKnown = needs.letters !== undefined;
    const isScope = (needs.resources ?? 'cbd').includes(caller.resource);
    const letters = [...(needs.letters ?? '')];
    const isAllowed = isScope && letters.some((letter) => caller.permissions.includes(letter));
    if (!isAllowed) refusal = isKnown ? 'AuthorizationPermissionMismatch' : 'AuthorizationFailure';
    const wanted = isKnown ? `one of "${needs.letters}"` : 'no SAS';
    const statement = `sr=${caller.resource} sp=${caller.permissions}, needs ${wanted}`;
    add('shared access signature', isAllowed, statement);
  }
  const principal = caller.kind === 'bearer' ? caller.principal : delegateOf(caller);
  if (principal !== undefined) {
    const isAllowed = hasRight(principal, needs.right);
    if (!isAllowed) refusal ??= 'AuthorizationPermissionMismatch';
    add('role assignment', isAllowed, principal.roles.join(', ') || 'no role');
  }
  const allowed = layers.length > 0 && layers.every((layer) => layer.outcome === 'allowed');
  const decision = { allowed, action: operation, resource, layers };
  return refusal === undefined ? decision : { ...decision, refusal };
}

function delegateOf(caller: Caller): EntraPrincipal | undefined {
  return caller.kind === 'sas' ? caller.delegate : undefined;
}

function hasRight(principal: EntraPrincipal, right: Needs['right']): boolean {
  return principal.roles.some((role) => RIGHTS[role].includes(right));
}

/** `c` alone makes new blobs only: throws UnauthorizedBlobOverwrite when there is one. */
export function checkOverwrite(caller: Caller, exists: boolean): void {
  if (exists && caller.kind === 'sas' && !caller.permissions.includes('w')) {
    throw new AzureError('UnauthorizedBlobOverwrite');
  }
}
