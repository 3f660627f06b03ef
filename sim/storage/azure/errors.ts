/** The errors that this endpoint answers with: status and Azure's own text. */
const AZURE_ERRORS = {
  AuthenticationFailed: [
    403,
    'Server failed to authenticate the request. Make sure the value of Authorization header is ' +
      'formed correctly including the signature.',
  ],
  AuthorizationFailure: [403, 'This request is not authorized to perform this operation.'],
  AuthorizationPermissionMismatch: [
    403,
    'This request is not authorized to perform this operation using this permission.',
  ],
  AuthorizationProtocolMismatch: [
    403,
    'This request is not authorized to perform this operation using this protocol.',
  ],
  AuthorizationSourceIPMismatch: [
    403,
    'This request is not authorized to perform this operation using this source IP.',
  ],
  BlobAlreadyExists: [409, 'The specified blob already exists.'],
  BlobNotFound: [404, 'The specified blob does not exist.'],
  BlockCountExceedsLimit: [409, 'The uncommitted block count cannot exceed 100,000.'],
  BlockListTooLong: [400, 'The block list may not contain more than 50,000 blocks.'],
  CannotVerifyCopySource: [404, 'The specified blob does not exist.'],
  ConditionNotMet: [412, 'The condition specified using HTTP conditional header(s) is not met.'],
  ContainerAlreadyExists: [409, 'The specified container already exists.'],
  ContainerNotFound: [404, 'The specified container does not exist.'],
  Crc64Mismatch: [
    400,
    'The CRC64 value specified in the request did not match with the CRC64 value calculated by ' +
      'the server.',
  ],
  EmptyMetadataKey: [400, 'The key for one of the metadata key-value pairs is empty.'],
  InternalError: [500, 'Server encountered an internal error. Please try again after some time.'],
  InvalidAuthenticationInfo: [
    400,
    'Authentication information is not given in the correct format. Check the value of ' +
      'Authorization header.',
  ],
  InvalidBlobOrBlock: [400, 'The specified blob or block content is invalid.'],
  InvalidBlockId: [400, 'The specified block ID is invalid. The block ID must be Base64-encoded.'],
  InvalidBlockList: [400, 'The specified block list is invalid.'],
  InvalidHeaderValue: [400, 'The value for one of the HTTP headers is not in the correct format.'],
  InvalidInput: [400, 'One of the request inputs is not valid.'],
  InvalidMd5: [
    400,
    'The MD5 value specified in the request is invalid. MD5 value must be 128 bits and base64 ' +
      'encoded.',
  ],
  InvalidMetadata: [
    400,
    'The specified metadata is invalid. It includes characters that are not permitted.',
  ],
  InvalidQueryParameterValue: [
    400,
    'Value for one of the query parameters specified in the request URI is invalid.',
  ],
  InvalidRange: [416, 'The range specified is invalid for the current size of the resource.'],
  InvalidResourceName: [400, 'The specified resource name contains invalid characters.'],
  InvalidUri: [400, 'The requested URI does not represent any resource on the server.'],
  InvalidXmlDocument: [400, 'XML specified is not syntactically valid.'],
  InvalidXmlNodeValue: [400, 'The value for one of the XML nodes is not in the correct format.'],
  Md5Mismatch: [
    400,
    'The MD5 value specified in the request did not match with the MD5 value calculated by the ' +
      'server.',
  ],
  MetadataTooLarge: [400, 'The size of the specified metadata exceeds the maximum size permitted.'],
  MissingContentLengthHeader: [411, 'The Content-Length header was not specified.'],
  MissingRequiredHeader: [
    400,
    'An HTTP header that is mandatory for this request is not specified.',
  ],
  MissingRequiredQueryParameter: [
    400,
    'A query parameter that is mandatory for this request is not specified.',
  ],
  MultipleConditionHeadersNotSupported: [400, 'Multiple condition headers are not supported.'],
  NoAuthenticationInformation: [
    401,
    'Server failed to authenticate the request. Please refer to the information in the ' +
      'www-authenticate header.',
  ],
  NotImplemented: [501, 'The requested operation is not implemented on the specified resource.'],
  OutOfRangeInput: [400, 'One of the request inputs is out of range.'],
  OutOfRangeQueryParameterValue: [
    400,
    'One of the query parameters specified in the request URI is outside the permissible range.',
  ],
  PublicAccessNotPermitted: [409, 'Public access is not permitted on this storage account.'],
  RequestBodyTooLarge: [
    413,
    'The request body is too large and exceeds the maximum permissible limit.',
  ],
  ResourceNotFound: [404, 'The specified resource does not exist.'],
  SourceConditionNotMet: [
    412,
    'The source condition specified using HTTP conditional header(s) is not met.',
  ],
  UnauthorizedBlobOverwrite: [403, 'This request is not authorized to perform blob overwrites.'],
  UnsupportedHeader: [400, 'One of the HTTP headers specified in the request is not supported.'],
  UnsupportedHttpVerb: [405, "The resource doesn't support the specified HTTP verb."],
  UnsupportedXmlNode: [400, 'One of the XML nodes specified in the request body is not supported.'],
} as const satisfies Record<string, readonly [number, string]>;

export type AzureErrorCode = keyof typeof AZURE_ERRORS;

export interface AzureErrorDetails {
  /** Where Azure answers the same code with another status. */
  readonly status?: number;
  readonly message?: string;
  /** Elements of the error document beside code and message; never a secret. */
  readonly elements?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that refuses. */
export class AzureError extends Error {
  readonly code: AzureErrorCode;
  readonly status: number;
  readonly elements: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: AzureErrorCode, details: AzureErrorDetails = {}) {
    super(details.message ?? AZURE_ERRORS[code][1]);
    this.name = 'AzureError';
    this.code = code;
    this.status = details.status ?? AZURE_ERRORS[code][0];
    this.elements = details.elements ?? {};
    this.headers = details.headers ?? {};
  }
}

/** A refusal of the sender; `detail` is what Azure puts into AuthenticationErrorDetail. */
export function authenticationFailed(detail: string): AzureError {
  return new AzureError('AuthenticationFailed', {
    elements: { AuthenticationErrorDetail: detail },
  });
}

export function invalidHeader(name: string, value: string): AzureError {
  return new AzureError('InvalidHeaderValue', {
    elements: { HeaderName: name, HeaderValue: value },
  });
}

export function invalidQuery(name: string, value: string, reason: string): AzureError {
  return new AzureError('InvalidQueryParameterValue', {
    elements: { QueryParameterName: name, QueryParameterValue: value, Reason: reason },
  });
}

export function notImplemented(what: string): AzureError {
  return new AzureError('NotImplemented', {
    message: `This storage does not implement ${what}.`,
  });
}
