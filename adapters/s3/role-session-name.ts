import { createHash } from 'node:crypto';
import { type CredentialScope, scopeId } from '../../machines/rules/scope.ts';

const CHARS_MAX = 64;

/**
 * The name under which a session shows up in the storage's audit log:
 * `fortnight-acme@branch.vault-g3`. STS takes `[\w+=,.@-]{2,64}`; other characters become `-`. A
 * name that had to be changed or cut carries a piece of the scope's hash, so that two scopes never
 * share one.
 */
export function roleSessionName(scope: CredentialScope, generation: number): string {
  const id = scopeId(scope);
  const safe = `fortnight-${id.replace('/', '.').replace(/[^\w+=,.@-]/g, '-')}`;
  const end = `-g${generation}`;
  const isFaithful = safe === `fortnight-${id.replace('/', '.')}`;
  if (isFaithful && safe.length + end.length <= CHARS_MAX) return safe + end;
  const mark = `-${createHash('sha256').update(id).digest('hex').slice(0, 8)}`;
  return safe.slice(0, CHARS_MAX - mark.length - end.length) + mark + end;
}
