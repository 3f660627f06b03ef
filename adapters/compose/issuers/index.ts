import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import {
  ISSUERS,
  type IssuerCapabilities,
  issuerMaximumMs,
} from '../../../machines/rules/issuers.ts';
import type { CreateIssuerOptions, IssuerAccess } from './options.ts';

export type { IssuerAccess } from './options.ts';

type Create = (options: CreateIssuerOptions) => CredentialIssuer;

/**
 * Loads what the issuers of these families need, and no other SDK. The function that it gives makes
 * the issuer that a repository's settings ask for; it throws where the storage has none such.
 */
export async function loadIssuers(families: ReadonlySet<IssuerAccess['family']>): Promise<Create> {
  const [s3, azure, gcs] = await Promise.all([
    families.has('s3') ? import('./s3.ts') : null,
    families.has('azure') ? import('./azure.ts') : null,
    families.has('gcs') ? import('./gcs.ts') : null,
  ]);
  const create = (
    options: CreateIssuerOptions,
    capabilities: IssuerCapabilities,
  ): CredentialIssuer | null | undefined => {
    const { access } = options;
    switch (access.family) {
      case 's3':
        return s3?.createS3Issuer(options, access, capabilities);
      case 'azure':
        return azure?.createAzureIssuer(options, access);
      case 'gcs':
        return gcs?.createGoogleIssuer(options, access, capabilities);
      default:
        return access satisfies never;
    }
  };
  return (options) => {
    const { issuer, location, longestSessionMs, access } = options;
    const lifetimeMaxMs = issuerMaximumMs(location.storage, issuer, longestSessionMs);
    const made = create(options, { ...ISSUERS[issuer], lifetimeMaxMs });
    if (made === undefined) throw new Error(`the issuers of ${access.family} are not loaded`);
    if (made === null) throw new Error(`storages of ${access.family} have no issuer ${issuer}`);
    const { capabilities } = made;
    const longestMs = Math.min(lifetimeMaxMs, capabilities.lifetimeMaxMs);
    return { ...made, capabilities: { ...capabilities, lifetimeMaxMs: longestMs } };
  };
}
