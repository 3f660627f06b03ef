import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import type { IssuerCapabilities } from '../../../machines/rules/issuers.ts';
import { HOUR_MS } from '../../../machines/rules/time.ts';
import { createDownscopedTokenIssuer } from '../../gcs/downscoped-token-issuer.ts';
import { createHmacKeyIssuer } from '../../gcs/hmac-key-issuer.ts';
import type { CreateIssuerOptions, GoogleAccess } from './options.ts';

/** `null`: Google has no such issuer. */
export function createGoogleIssuer(
  { issuer, location, credential, clock }: CreateIssuerOptions,
  { endpoints }: GoogleAccess,
  { lifetimeMaxMs }: IssuerCapabilities,
): CredentialIssuer | null {
  const common = { location, credential, clock, ...(endpoints === undefined ? {} : { endpoints }) };
  if (issuer === 'hmac-key') return createHmacKeyIssuer(common);
  if (issuer !== 'downscoped-token') return null;
  // Longer than an hour only where the organisation allows it; the SP's account makes its own.
  const isLong = lifetimeMaxMs > HOUR_MS;
  const own = isLong ? { longTokenAccount: credential.keyId } : {};
  return createDownscopedTokenIssuer({ ...common, ...own });
}
