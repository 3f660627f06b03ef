import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { Clock } from '../../machines/ports/clock.ts';
import type {
  CredentialIssuer,
  IssueRequest,
  IssuerCapabilities,
} from '../../machines/ports/credential-issuer.ts';
import { Secret } from '../../machines/ports/secret.ts';
import type {
  StorageCredential,
  StorageLocation,
} from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { nameProblem } from '../../machines/rules/layout.ts';
import { type CredentialScope, scopePrefixes } from '../../machines/rules/scope.ts';
import { awsEndpoint, clientOptions, createHttpHandler, signByClock } from './client.ts';
import { translateIssuerError } from './issuer-errors.ts';
import { roleSessionName } from './role-session-name.ts';
import { sessionPolicy } from './session-policy.ts';

export interface AssumeRoleIssuerOptions {
  /** The bucket that the credentials are for, and the storage's endpoint. */
  readonly location: StorageLocation;
  /** Where STS listens; default: the location's endpoint, else AWS's STS of the region. */
  readonly stsEndpoint?: string;
  readonly roleArn: string;
  /** The SP's own key, trusted by the role. Long-lived: a role assumed from a role gets 1 h. */
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
    ...clientOptions(credential, location.region),
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
        DurationSeconds: durationSeconds(request, capabilities),
        Policy: sessionPolicy({
          bucket: location.bucket,
          ...scopePrefixes(request.scope),
          ...(location.region.startsWith('cn-') ? { partition: 'aws-cn' } : {}),
        }),
      });
      const answer = await client.send(command).catch((thrown: unknown) => {
        throw translateIssuerError(thrown, 'AssumeRole', credential);
      });
      const { AccessKeyId, Expiration, SecretAccessKey, SessionToken } = answer.Credentials ?? {};
      if (!AccessKeyId || !SecretAccessKey || !SessionToken || Expiration === undefined) {
        throw new FortnightError('issuer.unavailable', 'AssumeRole: the answer is incomplete');
      }
      return {
        kind: 's3-keys',
        keyId: AccessKeyId,
        secretKey: new Secret(SecretAccessKey),
        sessionToken: new Secret(SessionToken),
        generation: request.generation,
        // The storage's clock may be ahead; nobody is told of a later end than was asked for.
        expiresAt: Math.min(Expiration.getTime(), request.at + request.lifetimeMs),
      };
    },
    // AWS can only deny every session of the role at once; MinIO not at all (C13).
    async revoke() {
      return false;
    },
    close: () => client.destroy(),
  };
}

/** C14: never longer than the issuer gives; shorter than its minimum cannot be issued. */
function durationSeconds(request: IssueRequest, capabilities: IssuerCapabilities): number {
  if (request.lifetimeMs < capabilities.lifetimeMinMs) {
    throw new FortnightError(
      'issuer.limit',
      `${request.lifetimeMs} ms asked for; at least ${capabilities.lifetimeMinMs} ms are issued`,
    );
  }
  return Math.floor(Math.min(request.lifetimeMs, capabilities.lifetimeMaxMs) / 1000);
}

/** §6: odd names are refused here although the policy would escape them too. */
function refuseOddNames(scope: CredentialScope): void {
  const problems = [
    nameProblem('repository', scope.repository),
    nameProblem('tenant', scope.tenant),
    scope.subtenant === null ? null : nameProblem('subtenant', scope.subtenant),
  ];
  const problem = problems.find((text) => text !== null);
  if (problem) throw new FortnightError('issuer.refused', problem);
}
