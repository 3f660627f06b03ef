import { IAMClient } from '@aws-sdk/client-iam';
import { createAwsIssuer } from '../../../adapters/aws/assume-role-issuer.ts';
import { createFederationTokenIssuer } from '../../../adapters/aws/federation-token-issuer.ts';
import { createIamUserIssuer } from '../../../adapters/aws/iam-user-issuer.ts';
import { clientOptions, createHttpHandler, signByClock } from '../../../adapters/s3/client.ts';
import { S3_DIALECTS } from '../../../adapters/s3/dialects.ts';
import type { CredentialIssuer } from '../../../machines/ports/credential-issuer.ts';
import { type HttpStoreWorld, httpWorld } from '../../contract/worlds.ts';

const ISSUERS = {
  'iam-user': createIamUserIssuer,
  'federation-token': createFederationTokenIssuer,
  'assume-role': (options: Parameters<typeof createIamUserIssuer>[0]) =>
    createAwsIssuer({ ...options, roleArn: 'arn:aws:iam::000000000000:role/fortnight' }),
} as const;

export type AwsIssuerKind = keyof typeof ISSUERS;

export interface AwsWorld extends HttpStoreWorld {
  /** As a new process makes it: it remembers nothing of the others. */
  anotherIssuer(): CredentialIssuer;
  /** A bare client with the SP's own key, to look at what is there and to make trouble. */
  readonly iam: IAMClient;
}

/** The storage with the answers of AWS. Path-style, because `vault.127.0.0.1` is no host name. */
export async function awsWorld(kind: AwsIssuerKind): Promise<AwsWorld> {
  const world = await httpWorld({ ...S3_DIALECTS.aws, isPathStyle: true });
  world.issuer.close();
  const { clock, ownerCredential: credential } = world;
  const location = { ...world.location, storage: 'aws' } as const;
  const made: CredentialIssuer[] = [];
  const anotherIssuer = (): CredentialIssuer => {
    const issuer = ISSUERS[kind]({ location, credential, clock });
    made.push(issuer);
    return issuer;
  };
  const iam = new IAMClient({
    ...clientOptions(credential, 'us-east-1'),
    endpoint: world.storage.endpoint,
    requestHandler: createHttpHandler(2),
  });
  signByClock(iam.config, clock);
  return {
    ...world,
    location,
    iam,
    issuer: anotherIssuer(),
    anotherIssuer,
    async close() {
      for (const issuer of made) issuer.close();
      iam.destroy();
      await world.close();
    },
  };
}
