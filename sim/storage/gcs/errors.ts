/** Reasons of the JSON API with their status, message and where the cause lies. */
const REASONS = {
  badRequest: { status: 400, message: 'Bad Request' },
  invalid: { status: 400, message: 'Invalid argument.' },
  invalidParameter: { status: 400, message: 'Invalid query parameter.' },
  parseError: { status: 400, message: 'Parse Error' },
  required: { status: 400, message: 'Required' },
  loginRequired: { status: 401, message: 'Login Required' },
  authError: { status: 401, message: 'Invalid Credentials' },
  forbidden: { status: 403, message: 'Forbidden' },
  notFound: { status: 404, message: 'Not Found' },
  conflict: { status: 409, message: 'Conflict' },
  gone: { status: 410, message: 'The upload session is no longer available.' },
  conditionNotMet: {
    status: 412,
    message: 'At least one of the pre-conditions you specified did not hold.',
  },
  uploadTooLarge: { status: 413, message: 'The upload is too large.' },
  requestedRangeNotSatisfiable: { status: 416, message: 'Request range not satisfiable' },
  backendError: { status: 500, message: 'Backend Error' },
  notImplemented: { status: 501, message: 'This simulation does not implement the request.' },
} as const;

export type GcsReason = keyof typeof REASONS;

/** A refusal that the client is told of, in the shape of the API that it used. */
export class GcsError extends Error {
  readonly reason: GcsReason;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The code of the XML API, where the reason alone does not tell it. */
  readonly xmlCode: string | undefined;

  constructor(
    reason: GcsReason,
    message?: string,
    details: { headers?: Readonly<Record<string, string>>; xmlCode?: string } = {},
  ) {
    super(message ?? REASONS[reason].message);
    this.name = 'GcsError';
    this.reason = reason;
    this.status = REASONS[reason].status;
    this.headers = details.headers ?? {};
    this.xmlCode = details.xmlCode;
  }
}

/** The body of the JSON API for an error. */
export function errorBody(reason: string, status: number, message: string): string {
  const detail = { message, domain: 'global', reason, ...placeOf(reason) };
  return JSON.stringify({ error: { code: status, message, errors: [detail] } });
}

function placeOf(reason: string): { locationType?: string; location?: string } {
  switch (reason) {
    case 'required':
    case 'authError':
      return { locationType: 'header', location: 'Authorization' };
    case 'conditionNotMet':
      return { locationType: 'header', location: 'If-Match' };
    default:
      return {};
  }
}

/** What the wire says: a missing login is `required` there, with another status. */
export function wireReason(reason: GcsReason): string {
  return reason === 'loginRequired' ? 'required' : reason;
}

export function noSuchObject(bucket: string, object: string): GcsError {
  return new GcsError('notFound', `No such object: ${bucket}/${object}`, { xmlCode: 'NoSuchKey' });
}

export function noSuchBucket(): GcsError {
  return new GcsError('notFound', 'The specified bucket does not exist.', {
    xmlCode: 'NoSuchBucket',
  });
}

export function notImplemented(what: string): GcsError {
  return new GcsError('notImplemented', `This simulation does not implement ${what}.`);
}
