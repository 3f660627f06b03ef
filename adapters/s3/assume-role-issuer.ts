import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
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
import { scopePrefixes } from '../../machines/rules/scope.ts';
import { awsEndpoint, clientOptions, createHttpHandler, signByClock } from './client.ts';
import { translateIssuerError } from './issuer-errors.ts';
import { roleSessionName } from './role-session-name.ts';
import { partitionOf, sessionPolicy } from './session-policy.ts';
import { issuedSeconds, refuseOddNames, sessionCredential } from './sts-session.ts';

export interface AssumeRoleIssuerOptions {
  /** The bucket that the credentials are for, and the storage's endpoint. */
  readonly location: StorageLocation;
  /** Where STS listens; default: the location's endpoint, else AWS's STS of the region. */
  readonly stsEndpoint?: string;
  readonly roleArn: string;
  /**
   * The SP's own key, trusted by the role. Of a user: where it is itself the session of a role (role
   * chaining) AWS gives 1 h at most and refuses more (`issuer.limit`); the root user gets nothing.
   */
  readonly credential: StorageCredential;
  readonly clock: Clock;
  readonly capabilities: IssuerCapabilities;
}

/**
 * Issues by STS AssumeRole with a session policy of least privilege (C9). One call a credential;
 * nothing retries inside. AWS answers with whole seconds, so does this: a lifetime of 1,500 ms asks
 * for 1 s.
 */
export function createAssumeRoleIssuer(options: AssumeRoleIssuerOptions): CredentialIssuer {
  const { capabilities, clock, credential, location } = options;
  const client = new STSClient({
    ...clientOptions(requireCredential('s3-keys', credential), location.region),
    endpoint: options.stsEndpoint ?? location.endpoint ?? awsEndpoint('sts', location.region),
    requestHandler: createHttpHandler(4),
  });
  signByClock(client.config, clock);

  return {
    capabilities,
    async issue(request) {
      refuseOddNames(request.scope);
      const command = new AssumeRoleCommand({
        RoleArn: options.roleArn,
        RoleSessionName: roleSessionName(request.scope, request.generation),
        DurationSeconds: issuedSeconds(request, capabilities),
        Policy: sessionPolicy({
          bucket: location.bucket,
          ...scopePrefixes(request.scope),
          partition: partitionOf(location.region),
        }),
      });
      const answer = await client.send(command).catch((thrown: unknown) => {
        throw translateIssuerError(thrown, 'AssumeRole', credential);
      });
      return sessionCredential(answer.Credentials, request, 'AssumeRole');
    },
    // AWS can only deny every session of the role at once; MinIO not at all (C13).
    async revoke() {
      return false;
    },
    close: () => client.destroy(),
  };
}
