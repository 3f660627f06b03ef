import type { ErrorCode } from '../../machines/rules/errors.ts';

/** Where the answer has no code that says more (HEAD has no body). */
export function codeOfStatus(status: number): ErrorCode {
  switch (status) {
    case 401:
      return 'credential.invalid';
    case 403:
      return 'access.denied';
    case 404:
      return 'object.missing';
    case 408:
      return 'storage.unreachable';
    case 409:
    case 412:
      return 'object.conflict';
    case 429:
    case 503:
      return 'storage.throttled';
    case 501:
      return 'request.invalid';
    case 507:
      return 'storage.full';
    default:
      if (status >= 500) return 'storage.unavailable';
      return status >= 300 ? 'request.invalid' : 'unknown';
  }
}
