import { isoSeconds } from '../core/instants.ts';
import type { StorageProfile } from '../profiles.ts';
import type { AuthenticationFailure } from '../sigv4/authenticate.ts';
import { S3Error } from './errors.ts';

/** How S3 words a request whose sender cannot be established. */
export function s3AuthenticationError(
  failed: AuthenticationFailure,
  settings: {
    readonly now: number;
    readonly region: string;
    readonly profile: StorageProfile;
    readonly skewMaxMs: number;
  },
): S3Error {
  switch (failed.failure) {
    case 'anonymous':
      return new S3Error('AccessDenied');
    case 'malformed':
      return new S3Error('AuthorizationHeaderMalformed', failed.message);
    case 'malformedQuery':
      return new S3Error('AuthorizationQueryParametersError', failed.message);
    case 'noDate':
      return new S3Error('AccessDenied', failed.message);
    case 'otherAlgorithm':
      return new S3Error('InvalidRequest', failed.message);
    case 'otherScheme':
      return new S3Error('InvalidArgument', failed.message, { ArgumentName: 'Authorization' });
    case 'wrongRegion':
      return new S3Error(
        'AuthorizationHeaderMalformed',
        `The authorization header is malformed; the region '${failed.region}' is wrong; ` +
          `expecting '${settings.region}'`,
        { Region: settings.region },
      );
    case 'wrongService':
      return new S3Error(
        'AuthorizationHeaderMalformed',
        `The authorization header is malformed; incorrect service "${failed.service}". ` +
          'This endpoint belongs to "s3".',
      );
    case 'unsignedHeaders':
      return new S3Error(
        'AccessDenied',
        'There were headers present in the request which were not signed',
        { HeadersNotSigned: failed.names.join(', ') },
      );
    case 'unknownKey':
      return new S3Error('InvalidAccessKeyId', undefined, { AWSAccessKeyId: failed.accessKeyId });
    case 'wrongToken':
      return new S3Error(settings.profile.wrongToken);
    case 'missingToken': {
      const code = settings.profile.missingToken;
      const details = { AWSAccessKeyId: failed.accessKeyId };
      return new S3Error(code, undefined, code === 'InvalidAccessKeyId' ? details : {});
    }
    case 'expiredToken':
      return new S3Error(settings.profile.expiredSession);
    case 'skewed':
      return new S3Error('RequestTimeTooSkewed', undefined, {
        RequestTime: isoSeconds(failed.signedAt),
        ServerTime: isoSeconds(settings.now),
        MaxAllowedSkewMilliseconds: String(settings.skewMaxMs),
      });
    case 'notYetValid':
      return new S3Error('AccessDenied', 'Request is not valid yet');
    case 'expiredUrl':
      return new S3Error('AccessDenied', 'Request has expired');
    case 'wrongSignature':
      return new S3Error('SignatureDoesNotMatch');
    default:
      throw new Error(`unknown failure: ${JSON.stringify(failed satisfies never)}`);
  }
}
