import type { Clock } from '../../machines/ports/clock.ts';
import type { Secret } from '../../machines/ports/secret.ts';
import type { GcsServiceAccount } from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import {
  type AccessToken,
  grantedTokens,
  grantToken,
  postForm,
  readToken,
  SCOPES,
} from './access-token.ts';
import { networkFacts } from './errors.ts';
import { exchangeText, parseDocument, Refusal } from './exchange.ts';
import { type IssuerMeaning, toIssuerError } from './issuer-errors.ts';
import { createTransport } from './transport.ts';

/** Where Google's credential APIs listen; a simulated storage has them all at one address. */
export interface GoogleEndpoints {
  /** Default: `https://oauth2.googleapis.com/token`. */
  readonly tokenUrl?: string;
  /** Default: `https://sts.googleapis.com/v1/token`. */
  readonly exchangeUrl?: string;
  /** Default: `https://iam.googleapis.com`. */
  readonly iam?: string;
  /** Default: `https://iamcredentials.googleapis.com`. */
  readonly iamCredentials?: string;
}

export interface ControlCall {
  /** The API's method, for people. */
  readonly operation: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly body?: unknown;
  readonly meaning?: IssuerMeaning;
  /** Statuses that give `null` instead of a rejection: what is to be removed may be gone (404). */
  readonly tolerates?: readonly number[];
}

type Document = Readonly<Record<string, unknown>>;

/** The SP's calls of Google's control APIs. Rejections: `issuer.*`; nothing retries inside. */
export interface ControlRequests {
  call(call: ControlCall & { readonly tolerates: readonly number[] }): Promise<Document | null>;
  call(call: ControlCall): Promise<Document>;
  /** A new token of the SP's account, as long as Google gives one. */
  grant(): Promise<AccessToken>;
  /** A token for one that can less. */
  exchangeToken(url: string, form: string, hidden: readonly Secret[]): Promise<AccessToken>;
  close(): void;
}

export interface ControlOptions {
  readonly credential: GcsServiceAccount;
  readonly clock: Clock;
  readonly tokenUrl: string | undefined;
}

export function createControlRequests(options: ControlOptions): ControlRequests {
  const { clock, credential } = options;
  const transport = createTransport(4);
  const closing = new AbortController();
  const grantOptions = {
    account: credential,
    transport,
    clock,
    scope: SCOPES.all,
    tokenUrl: options.tokenUrl,
  };
  const tokens = grantedTokens(grantOptions, closing.signal);

  const run = async <Result>(
    operation: string,
    work: () => Promise<Result>,
    settings: { readonly meaning?: IssuerMeaning; readonly hidden?: readonly Secret[] } = {},
  ): Promise<Result> => {
    try {
      if (closing.signal.aborted) throw closedError(operation);
      return await work();
    } catch (thrown) {
      if (thrown instanceof FortnightError) throw thrown;
      if (closing.signal.aborted) throw closedError(operation);
      const facts = thrown instanceof Refusal ? thrown.facts : networkFacts(thrown);
      if (facts.status === 401) tokens.drop();
      const secrets = [...tokens.secrets(), ...(settings.hidden ?? [])];
      throw toIssuerError(facts, operation, secrets, settings.meaning);
    }
  };

  const call = async (asked: ControlCall): Promise<Document | null> => {
    const { method, url, body, operation, meaning, tolerates = [] } = asked;
    const authorization = await run(`${operation}: oauth2.token`, () => tokens.authorization());
    const request = {
      method,
      url,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const accepts = (status: number) =>
      (status >= 200 && status < 300) || tolerates.includes(status);
    const send = async (): Promise<Document | null> => {
      const answer = await exchangeText(transport, request, closing.signal, accepts);
      if (tolerates.includes(answer.status)) return null;
      return answer.text === '' ? {} : parseDocument(answer);
    };
    return run(operation, send, meaning === undefined ? {} : { meaning });
  };

  return {
    call: call as ControlRequests['call'],
    grant: () => run('oauth2.token', () => grantToken(grantOptions, closing.signal)),
    async exchangeToken(url, form, hidden) {
      const askedAt = clock.now();
      const ask = () => postForm(transport, url, form, closing.signal);
      return run(
        'sts.token',
        async () => {
          const { access_token: text, expires_in: seconds } = await ask();
          // Google leaves the lifetime out where the source is no service account: it is the source's.
          return readToken(text, seconds ?? Number.POSITIVE_INFINITY, askedAt);
        },
        { hidden },
      );
    },
    close() {
      closing.abort();
      transport.close();
    },
  };
}

function closedError(operation: string): FortnightError {
  return new FortnightError('issuer.unavailable', `${operation}: the issuer is closed`);
}
