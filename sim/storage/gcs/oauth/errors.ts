/** An error of the token endpoints, in the shape of RFC 6749. */
export class OauthError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, description: string, status = 400) {
    super(description);
    this.name = 'OauthError';
    this.code = code;
    this.status = status;
  }
}

/** An error of the IAM Credentials API, which has a status word beside the number. */
export class IamError extends Error {
  readonly status: number;
  readonly word: string;

  constructor(status: number, word: string, message: string) {
    super(message);
    this.name = 'IamError';
    this.status = status;
    this.word = word;
  }
}
