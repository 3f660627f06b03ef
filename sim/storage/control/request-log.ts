import type { RecordedDecision } from '../access/decision-log.ts';
import type { FamilyKind } from '../families.ts';
import type { RequestRecord } from '../options.ts';

const ENTRIES_MAX = 1000;

/** One request after its end, with every answer that the policies gave for it. */
export interface ExplainedRequest extends RequestRecord {
  readonly family: FamilyKind;
  readonly decisions: readonly RecordedDecision[];
}

/** The latest requests of all families, a bounded number. */
export class RequestLog {
  #entries: ExplainedRequest[] = [];

  add(entry: ExplainedRequest): void {
    this.#entries.push(entry);
    if (this.#entries.length >= 2 * ENTRIES_MAX) this.#entries.splice(0, ENTRIES_MAX);
  }

  /** Oldest first. */
  latest(count: number): readonly ExplainedRequest[] {
    return this.#entries.slice(-Math.min(count, ENTRIES_MAX));
  }
}

/** Why a request was allowed or denied: a headline and a line for each policy question. */
export function explainRequest(entry: ExplainedRequest): readonly string[] {
  const { at, family, operation, bucket, key, status, code, accessKeyId, decisions } = entry;
  const target = [bucket, key].filter((part) => part !== '').join('/');
  const words = [
    new Date(at).toISOString(),
    family,
    operation === '' ? entry.method : operation,
    ...(target === '' ? [] : [shown(target)]),
    status === 0 ? 'connection cut' : String(status),
    ...(code === undefined ? [] : [code]),
    ...(accessKeyId === '' ? [] : [`by ${shown(accessKeyId)}`]),
  ];
  if (decisions.length > 0) return [words.join('  '), ...decisions.map(explainDecision)];
  if (status < 400) return [words.join('  ')];
  return [words.join('  '), `  refused before any policy was asked${code ? `: ${code}` : ''}`];
}

function explainDecision(decision: RecordedDecision): string {
  const layers = decision.layers.map(({ source, outcome, statement }) => {
    if (statement !== undefined) return `${source}: ${outcome} by ${statement}`;
    return `${source}: ${outcome === 'allowed' ? 'allowed' : 'no statement applies'}`;
  });
  const answer = decision.allowed ? 'allowed' : 'denied';
  const why = layers.length === 0 ? 'there is no policy' : layers.join('; ');
  return `  ${answer}  ${decision.action} on ${shown(decision.resource)} (${why})`;
}

/** Keys may hold control characters, which must not reach a terminal. */
function shown(text: string): string {
  return text.replace(/[^ -~\u00a0-\u{10ffff}]/gu, '?');
}
