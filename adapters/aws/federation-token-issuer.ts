import { GetFederationTokenCommand, STSClient } from '@aws-sdk/client-sts';
import type { Clock } from '../../machines/ports/clock.ts';
import type {
  CredentialIssuer,
  IssuerCapabilities,
} from '../../machines/ports/credential-issuer.ts';
import {
  requireCredential,
  type StorageCredential,
  type StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import { ISSUERS } from '../../machines/rules/issuers.ts';
import { scopePrefixes } from '../../machines/rules/scope.ts';
import { awsEndpoint, clientOptions, createHttpHandler, signByClock } from '../s3/client.ts';
import { translateIssuerError } from '../s3/issuer-errors.ts';
import { partitionOf, sessionPolicy } from '../s3/session-policy.ts';
import { issuedSeconds, refuseOddNames, sessionCredential } from '../s3/sts-session.ts';
import { federatedName } from './iam-names.ts';

export interface FederationTokenIssuerOptions {
  /** The bucket that the credentials are for, and the storage's endpoint. */
  readonly location: StorageLocation;
  /** Where STS listens; default: the location's endpoint, else AWS's STS of the region. */
  readonly stsEndpoint?: string;
  /**
   * The SP's own key, of an IAM user who may do at least what the session policy allows: the rights
   * are the intersection. The root user gets 1 h at most (`issuer.limit` above), a role nothing.
   */
  readonly credential: StorageCredential;
  readonly clock: Clock;
  /** Default: those of AWS, 15 min to 36 h. */
  readonly capabilities?: IssuerCapabilities;
}

/**
 * Issues by STS GetFederationToken. The session policy (C9) is not only a limit here: without one a
 * federated session has no rights. One call a credential; nothing retries inside.
 */
export function createFederationTokenIssuer(
  options: FederationTokenIssuerOptions,
): CredentialIssuer {
  const { clock, location, capabilities = ISSUERS['federation-token'] } = options;
  const credential = requireCredential('s3-keys', options.credential);
  const client = new STSClient({
    ...clientOptions(credential, location.region),
    endpoint: options.stsEndpoint ?? location.endpoint ?? awsEndpoint('sts', location.region),
    requestHandler: createHttpHandler(4),
  });
  signByClock(client.config, clock);

  return {
    capabilities,
    async issue(request) {
      refuseOddNames(request.scope);
      const command = new GetFederationTokenCommand({
        Name: federatedName(request.scope, request.generation),
        DurationSeconds: issuedSeconds(request, capabilities),
        Policy: sessionPolicy({
          bucket: location.bucket,
          ...scopePrefixes(request.scope),
          partition: partitionOf(location.region),
        }),
      });
      const answer = await client.send(command).catch((thrown: unknown) => {
        throw translateIssuerError(thrown, 'GetFederationToken', credential);
      });
      return sessionCredential(answer.Credentials, request, 'GetFederationToken');
    },
    // Its rights could be taken away only from the SP's own user, and so from every session (C13).
    async revoke() {
      return false;
    },
    close: () => client.destroy(),
  };
}
