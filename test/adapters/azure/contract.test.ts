import { azureWorld } from '../../contract/azure-world.ts';
import { describeIssuerContract } from '../../contract/issuer.contract.ts';
import { describeObjectStoreContract } from '../../contract/object-store.contract.ts';
import { describeScopeProbes } from '../../contract/scope-probes.contract.ts';

const T1 = { repository: 'vault', tenant: 'T1', subtenant: null };

/** No account names dot segments; one with directories has no empty names either. */
const isDotted = (key: string) => key.split('/').some((name) => /^\.{1,2}$/.test(name));
const isEmptyInside = (key: string) => key.split('/').slice(0, -1).includes('');
const isNamelessInTree = (key: string) => isDotted(key) || isEmptyInside(key);
/** The tenant's directory itself, where no file can be. */
const isDirectory = (key: string) => key === 'Veeam/Backup/vault/Clients/T1';
const isNoForeignFile = (key: string) => isNamelessInTree(key) || isDirectory(key);

const flat = () => azureWorld({ scopeKind: 'container' });
const tree = () => azureWorld({ scopeKind: 'directory' });

describeObjectStoreContract('Azure, flat', flat, { leavesParts: true, isNameless: isDotted });
describeObjectStoreContract('Azure, hierarchical', tree, {
  leavesParts: true,
  isNameless: isNamelessInTree,
});

describeIssuerContract('account-key SAS of a container', flat);
describeIssuerContract('account-key SAS of a directory', tree);
describeIssuerContract('SAS by stored access policy', () =>
  azureWorld({ scopeKind: 'container', issuer: 'stored policy' }),
);
describeIssuerContract('user-delegation SAS of a directory', () =>
  azureWorld({ scopeKind: 'directory', issuer: 'user delegation' }),
);
describeIssuerContract('user-delegation SAS of a container', () =>
  azureWorld({ scopeKind: 'container', issuer: 'user delegation' }),
);

describeScopeProbes(
  'Azure, a container for each tenant',
  () => azureWorld({ scopeKind: 'container', home: T1 }),
  { listsOwnUploads: true },
);
describeScopeProbes('Azure, directories', () => azureWorld({ scopeKind: 'directory', home: T1 }), {
  listsOwnUploads: true,
  isNameless: isNoForeignFile,
});
describeScopeProbes(
  'Azure, directories by a user-delegation key',
  () => azureWorld({ scopeKind: 'directory', issuer: 'user delegation', home: T1 }),
  { listsOwnUploads: true, isNameless: isNoForeignFile },
);
describeScopeProbes(
  'Azure, a prefix of a flat account by a user-delegation key',
  () =>
    azureWorld({
      scopeKind: 'directory',
      issuer: 'user delegation',
      home: T1,
      account: { hierarchicalNamespace: false, prefixScopedDelegation: true },
    }),
  { listsOwnUploads: true, isNameless: (key) => isDotted(key) || isDirectory(key) },
);
