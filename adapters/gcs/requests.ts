import type { Clock } from '../../machines/ports/clock.ts';
import type {
  GcsServiceAccount,
  GcsToken,
  StorageCredential,
} from '../../machines/ports/storage-credential.ts';
import { FortnightError } from '../../machines/rules/errors.ts';
import { fixedToken, grantedTokens, SCOPES, type TokenSource } from './access-token.ts';
import { type ErrorContext, networkFacts, type RequestTarget, toStorageError } from './errors.ts';
import { type Accepts, exchange, exchangeText, Refusal, type TextAnswer } from './exchange.ts';
import { createTransport, type HttpAnswer, type HttpRequest } from './transport.ts';

export interface GcsCall {
  /** The API's method, for people. */
  readonly operation: string;
  readonly target: RequestTarget;
  readonly request: HttpRequest;
  readonly signal?: AbortSignal | undefined;
  /** Chunks of an upload session carry no token: its address is their authorisation. */
  readonly isAuthorized?: boolean;
  readonly accepts?: Accepts;
}

/** A good answer whose body is still on its way. */
export interface OpenAnswer extends HttpAnswer {
  /** Why the body broke off, as an error of the catalogue; `null`: nobody stopped it. */
  stopReason(): FortnightError | null;
  /** To be called when the body is read or given up. */
  release(): void;
}

/** What every request of one store needs. What they reject with is translated and scrubbed. */
export interface GcsRequests {
  readonly endpoint: string;
  readonly bucket: string;
  readonly clock: Clock;
  send(call: GcsCall): Promise<TextAnswer>;
  open(call: GcsCall): Promise<OpenAnswer>;
  /** Stops the requests that are on their way and every later one. */
  close(): void;
}

export type GcsCredential = GcsServiceAccount | GcsToken;

export function requireGcsCredential(credential: StorageCredential): GcsCredential {
  if (credential.kind === 'gcs-token' || credential.kind === 'gcs-service-account') {
    return credential;
  }
  throw new Error(`needs a token or a service account of Google, not ${credential.kind}`);
}

export interface GcsRequestsOptions {
  readonly endpoint: string;
  readonly bucket: string;
  readonly credential: GcsCredential;
  readonly clock: Clock;
  readonly socketsMax: number;
  readonly tokenUrl?: string | undefined;
  /** C16: no request starts at or after the credential's end. */
  readonly refusesExpired: boolean;
}

export function createGcsRequests(options: GcsRequestsOptions): GcsRequests {
  const { clock, credential, endpoint } = options;
  const transport = createTransport(options.socketsMax);
  const closing = new AbortController();
  const tokens: TokenSource =
    credential.kind === 'gcs-token'
      ? fixedToken(credential)
      : grantedTokens(
          {
            account: credential,
            transport,
            clock,
            scope: SCOPES.storage,
            tokenUrl: options.tokenUrl,
          },
          closing.signal,
        );
  const inFlight = new Set<AbortController>();

  const mayStart = ({ operation, signal }: GcsCall): void => {
    if (closing.signal.aborted) throw closedError(operation);
    if (signal?.aborted === true) throw abortError(signal, operation);
    const { expiresAt } = credential;
    if (options.refusesExpired && expiresAt !== null && clock.now() >= expiresAt) {
      throw new FortnightError('credential.expired', `${operation} was not started (C16)`);
    }
  };

  /** One controller a request: the caller's signal and `close` stop it, and it leaves no listener. */
  const begin = ({ signal }: GcsCall) => {
    const controller = new AbortController();
    const forward = () => controller.abort(signal?.reason);
    signal?.addEventListener('abort', forward, { once: true });
    inFlight.add(controller);
    return {
      signal: controller.signal,
      end() {
        signal?.removeEventListener('abort', forward);
        inFlight.delete(controller);
      },
    };
  };

  const context = (operation: string, target: RequestTarget): ErrorContext => ({
    operation,
    target,
    expiresAt: credential.expiresAt,
    secrets: tokens.secrets(),
    now: clock.now(),
  });

  const stopReason = (call: GcsCall): FortnightError | null => {
    if (closing.signal.aborted) return closedError(call.operation);
    return call.signal?.aborted === true ? abortError(call.signal, call.operation) : null;
  };

  const translate = (thrown: unknown, call: GcsCall, target = call.target): FortnightError => {
    if (thrown instanceof FortnightError) return thrown;
    const stopped = stopReason(call);
    if (stopped !== null) return stopped;
    const facts = thrown instanceof Refusal ? thrown.facts : networkFacts(thrown);
    if (facts.status === 401) tokens.drop();
    const operation = target === 'token' ? `${call.operation}: oauth2.token` : call.operation;
    return toStorageError(facts, context(operation, target));
  };

  const authorize = async (call: GcsCall): Promise<HttpRequest> => {
    if (call.isAuthorized === false) return call.request;
    const authorization = await tokens.authorization().catch((thrown: unknown) => {
      throw translate(thrown, call, 'token');
    });
    // While a token was asked for, time has passed (C16) and the store may have been closed.
    mayStart(call);
    return { ...call.request, headers: { ...call.request.headers, authorization } };
  };

  return {
    endpoint,
    bucket: options.bucket,
    clock,
    async send(call) {
      mayStart(call);
      const running = begin(call);
      try {
        const request = await authorize(call);
        return await exchangeText(transport, request, running.signal, call.accepts);
      } catch (thrown) {
        throw translate(thrown, call);
      } finally {
        running.end();
      }
    },
    async open(call) {
      mayStart(call);
      const running = begin(call);
      try {
        const request = await authorize(call);
        const answer = await exchange(transport, request, running.signal, call.accepts);
        return { ...answer, stopReason: () => stopReason(call), release: running.end };
      } catch (thrown) {
        running.end();
        throw translate(thrown, call);
      }
    },
    close() {
      closing.abort();
      for (const controller of inFlight) controller.abort();
      transport.close();
    },
  };
}

function closedError(operation: string): FortnightError {
  return new FortnightError('storage.unreachable', `${operation}: store is closed`);
}

function abortError(signal: AbortSignal, operation: string): FortnightError {
  const { reason } = signal;
  if (reason instanceof FortnightError) return reason;
  return new FortnightError('session.cancelled', `${operation} was stopped`);
}
