/**
 * §6: where things lie in the bucket or container. Every prefix ends with a slash, so that `T1/`
 * never covers `T10/` (I44).
 */
const ROOT = 'Veeam/Backup';

export interface ScopeNames {
  readonly repository: string;
  readonly tenant: string;
  readonly subtenant: string | null;
}

export function repositoryPrefix(repository: string): string {
  return `${ROOT}/${repository}/`;
}

/** Read-only for tenants (C9). */
export function configPrefix(repository: string): string {
  return `${repositoryPrefix(repository)}Config/`;
}

/** C9: the folder of the tenant's, or of the subtenant's own, quota. */
export function clientPrefix(scope: ScopeNames): string {
  const client = scope.subtenant === null ? scope.tenant : `${scope.tenant}@${scope.subtenant}`;
  return `${repositoryPrefix(scope.repository)}Clients/${client}/`;
}

export function backupPrefix(scope: ScopeNames, backup: string): string {
  return `${clientPrefix(scope)}${backup}/`;
}

const NAME_BYTES_MAX = 80;

/**
 * §6: names come from people and end up in policies, CEL, SAS and keys. `null` when the name is
 * safe everywhere, else a sentence that says what is wrong with it. Letters, digits, `.`, `-`,
 * `_` and inner spaces are enough for names and need no escaping anywhere; everything else is
 * refused, which also refuses `* ? $ ' " \ .. //`, `@` (our subtenant sign) and control
 * characters.
 */
export function nameProblem(kind: string, name: string): string | null {
  if (name === '') return `the ${kind} name is empty`;
  if (name.length > NAME_BYTES_MAX) return `the ${kind} name is longer than ${NAME_BYTES_MAX}`;
  const odd = /[^A-Za-z0-9._ -]/u.exec(name);
  if (odd !== null) {
    return `the ${kind} name ${JSON.stringify(name)} contains ${JSON.stringify(odd[0])}; use letters, digits, ".", "-", "_" and spaces`;
  }
  if (name.includes('..')) return `the ${kind} name ${JSON.stringify(name)} contains ".."`;
  if (!/^[A-Za-z0-9]/.test(name) || !/[A-Za-z0-9]$/.test(name)) {
    return `the ${kind} name ${JSON.stringify(name)} must begin and end with a letter or digit`;
  }
  return null;
}
