import { clientPrefix, configPrefix, repositoryPrefix } from '../../machines/rules/layout.ts';
import type { CredentialScope } from '../../machines/rules/scope.ts';

/** With a dot, which a pattern that is taken for a regular expression would let stand for any sign. */
export const TENANT = 'T.1';
const SUBTENANT = 'S.1';

/** Keys outside of the tenant's folder that look alike; each holds an object of nobody's. */
export type ForeignGroup =
  | 'twin-prefix'
  | 'wildcards'
  | 'quotes'
  | 'dots'
  | 'spelling'
  | 'parent'
  | 'siblings'
  | 'subtenants'
  | 'outside';

/** All names of one run. Everything that it makes lies below the three prefixes. */
export interface RunNames {
  readonly repository: string;
  readonly tenant: CredentialScope;
  readonly subtenant: CredentialScope;
  /** The tenant's folder, the subtenant's, and the configuration of the repository. */
  readonly own: string;
  readonly subtenantOwn: string;
  readonly config: string;
  readonly clients: string;
  readonly foreign: Readonly<Record<ForeignGroup, readonly string[]>>;
  /** Listings with these prefixes show more than the tenant's own. */
  readonly foreignPrefixes: readonly string[];
  /** Of another tenant; what dot segments in a key may lead to. */
  readonly victim: string;
  /** Below which all lies that the run makes; each ends with a slash. */
  readonly prefixes: readonly string[];
}

export function runNames(repository: string): RunNames {
  const tenant: CredentialScope = { repository, tenant: TENANT, subtenant: null };
  const subtenant: CredentialScope = { repository, tenant: TENANT, subtenant: SUBTENANT };
  const root = repositoryPrefix(repository);
  const clients = `${root}Clients/`;
  const twin = `${repository}2`;
  const victim = `${clients}T2/secret`;
  const below = (...names: string[]) => names.map((name) => `${clients}${name}`);
  return {
    repository,
    tenant,
    subtenant,
    own: clientPrefix(tenant),
    subtenantOwn: clientPrefix(subtenant),
    config: configPrefix(repository),
    clients,
    victim,
    foreign: {
      'twin-prefix': below('T.10/secret', 'T.1', 'T.1x', 'T.'),
      wildcards: below('*/secret', 'T.?/secret', '$T.1/secret', 'Tx1/secret', 'T.*/secret'),
      quotes: below("T.1'/secret", '"T.1"/secret', 'T.1\\secret'),
      dots: below('..T.1/secret', 'T.1../secret'),
      spelling: below('t.1/secret', 'T.1%2F/secret', 'T%2E1/secret', '/T.1/secret', ' T.1/secret'),
      parent: [`${root}Owner`, `${clients}index`],
      siblings: [victim, `Veeam/Backup/${twin}/Clients/${TENANT}/secret`],
      subtenants: below(`${TENANT}@${SUBTENANT}/secret`, `${TENANT}@${SUBTENANT}0/secret`),
      outside: [`${repository}/Clients/${TENANT}/secret`, `${repository}/elsewhere`],
    },
    foreignPrefixes: [
      '',
      'Veeam',
      root,
      clients,
      `${clients}T`,
      `${clients}T.1`,
      `${clients}T.10/`,
      `${clients}T.1@${SUBTENANT}/`,
      `${clients}*`,
      `${clients}T.?/`,
      `${clients}T.1'/`,
      `${root}Config`,
      `Veeam/Backup/${twin}/`,
      '*',
    ],
    prefixes: [root, repositoryPrefix(twin), `${repository}/`],
  };
}
