import { type AnswerFacts, answerFacts, networkFacts } from './errors.ts';
import { type HttpAnswer, type HttpRequest, readText, type Transport } from './transport.ts';

/** No answer, or one that says no. Whoever asked makes an error of the catalogue of it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly facts: AnswerFacts;

  constructor(facts: AnswerFacts) {
    super(facts.reason ?? 'refused');
    this.facts = facts;
  }
}

export interface TextAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Which statuses are no refusal; default: 2xx. */
export type Accepts = (status: number) => boolean;

const isSuccess: Accepts = (status) => status >= 200 && status < 300;

/** Sends one request and reads the answer whole. Rejects with `Refusal`. */
export async function exchangeText(
  transport: Transport,
  request: HttpRequest,
  signal: AbortSignal,
  accepts: Accepts = isSuccess,
): Promise<TextAnswer> {
  const answer = await exchange(transport, request, signal, accepts);
  const text = await readText(answer).catch((thrown: unknown) => {
    throw new Refusal(networkFacts(thrown));
  });
  return { status: answer.status, headers: answer.headers, text };
}

/** Sends one request; the body of a good answer is the caller's to read or to destroy. */
export async function exchange(
  transport: Transport,
  request: HttpRequest,
  signal: AbortSignal,
  accepts: Accepts = isSuccess,
): Promise<HttpAnswer> {
  const answer = await transport.send(request, signal).catch((thrown: unknown) => {
    throw new Refusal(networkFacts(thrown));
  });
  if (accepts(answer.status)) return answer;
  const text = await readText(answer).catch(() => '');
  throw new Refusal(answerFacts(answer, text));
}

/** A JSON document of Google's. Rejects with `Refusal` for anything else that claims to be one. */
export function parseDocument(answer: TextAnswer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(answer.text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
  } catch {
    // Told below: a proxy or a captive portal has answered.
  }
  const facts = answerFacts({ status: 502, headers: answer.headers }, '');
  throw new Refusal({ ...facts, message: 'the answer is no JSON document' });
}
