import { amzDate } from '../core/instants.ts';
import { type AuthenticationFailure, CLOCK_SKEW_MAX_MS } from '../sigv4/authenticate.ts';
import { QueryError } from './errors.ts';

/** How STS and IAM word a request whose sender cannot be established. */
export function queryAuthenticationError(
  failed: AuthenticationFailure,
  now: number,
  service: 'sts' | 'iam',
): QueryError {
  switch (failed.failure) {
    case 'anonymous':
      return new QueryError(
        'MissingAuthenticationToken',
        'Request is missing Authentication Token',
      );
    case 'malformed':
    case 'malformedQuery':
    case 'noDate':
    case 'otherAlgorithm':
    case 'otherScheme':
      return new QueryError('IncompleteSignature', failed.message);
    case 'wrongRegion':
      return new QueryError(
        'SignatureDoesNotMatch',
        'Credential should be scoped to a valid region.',
      );
    case 'wrongService':
      return new QueryError(
        'SignatureDoesNotMatch',
        `Credential should be scoped to correct service: '${service}'.`,
      );
    case 'unsignedHeaders':
      return new QueryError(
        'SignatureDoesNotMatch',
        `Header(s) ${failed.names.join(', ')} must be a SignedHeader in the request.`,
      );
    case 'unknownKey':
    case 'wrongToken':
    case 'missingToken':
      return new QueryError(
        'InvalidClientTokenId',
        'The security token included in the request is invalid.',
      );
    case 'expiredToken':
      return new QueryError(
        'ExpiredToken',
        'The security token included in the request is expired',
      );
    case 'skewed': {
      const isPast = failed.signedAt < now;
      const limit = amzDate(isPast ? now - CLOCK_SKEW_MAX_MS : now + CLOCK_SKEW_MAX_MS);
      return new QueryError(
        'SignatureDoesNotMatch',
        isPast
          ? `Signature expired: ${amzDate(failed.signedAt)} is now earlier than ${limit}`
          : `Signature not yet current: ${amzDate(failed.signedAt)} is still later than ${limit}`,
      );
    }
    case 'notYetValid':
    case 'expiredUrl':
    case 'wrongSignature':
      return new QueryError(
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided. Check ' +
          'your AWS Secret Access Key and signing method. Consult the service documentation for ' +
          'details.',
      );
    default:
      throw new Error(`unknown failure: ${JSON.stringify(failed satisfies never)}`);
  }
}
