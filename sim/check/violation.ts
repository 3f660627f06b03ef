import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { EpochMs } from '../../machines/rules/time.ts';

/** Something that must never happen, and did. JSON; goes into reports and `run.summary`. */
export interface Violation {
  /** Of `docs/invariants`: `I4`. `S24` cites the source where no I-number exists, `LOG` the log. */
  readonly invariant: string;
  /** Of the protocol: `P3`. */
  readonly rule: string;
  readonly session: string | null;
  readonly at: EpochMs;
  /** The event at which it became certain. */
  readonly seq: number;
  readonly text: string;
  /** `seq` of the events that prove it, in their order. */
  readonly evidence: readonly number[];
}

/** Events that prove something; the one with the highest `seq` is where it shows. */
export type Proof = readonly [LogEvent, ...LogEvent[]];

/** The violation of one invariant, proven by these events. */
export function violation(invariant: string, rule: string, text: string, proof: Proof): Violation {
  const last = proof.reduce((latest, event) => (event.seq >= latest.seq ? event : latest));
  const evidence = [...new Set(proof.map(({ seq }) => seq))].sort((left, right) => left - right);
  return { invariant, rule, session: last.session, at: last.at, seq: last.seq, text, evidence };
}
