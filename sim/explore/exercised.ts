import type { MachineStep, Watcher } from './machine-step.ts';

/** A rule that the small systems can put to the test, and how one sees that they did. */
interface Exercise {
  readonly id: string;
  readonly sentence: string;
  readonly isSeen: (step: MachineStep) => boolean;
}

export interface Exercised {
  readonly id: string;
  readonly sentence: string;
  /** Different steps, not visits: each is worked out once and then looked up. */
  readonly steps: number;
}

type Facts = Readonly<Record<string, unknown>>;

function asks(
  step: MachineStep,
  type: string,
  holds: (facts: Facts) => boolean = () => true,
): boolean {
  return step.requests.some((one) => one.type === type && holds(one as unknown as Facts));
}
function facts(value: unknown): Facts {
  return value as Facts;
}
function checked(holds: (leftMs: number, lineMs: number, decision: string) => boolean) {
  return (step: MachineStep): boolean =>
    asks(step, 'credential.checked', (one) => {
      const lineMs = one.renewBelowMs ?? facts(facts(step.context).settings ?? {}).renewBelowMs;
      return holds(Number(one.leftMs), Number(lineMs), String(one.decision));
    });
}
const of = (type: string) => (step: MachineStep) => step.event.type === type;
const deadline = (step: MachineStep, name: string) => facts(facts(step.context).deadlines)[name];

const EXERCISES: readonly Exercise[] = [
  { id: 'C1', sentence: 'a credential is issued', isSeen: (step) => asks(step, 'issuer.issue') },
  {
    id: 'C2, C3',
    sentence: 'below the line: renewed',
    isSeen: checked((leftMs, lineMs, said) => leftMs > 0 && leftMs < lineMs && said === 'renew'),
  },
  {
    id: 'C2, C3',
    sentence: 'expired: renewed',
    isSeen: checked((leftMs, _line, said) => leftMs < 0 && said === 'renew'),
  },
  {
    id: 'C10, I23',
    sentence: 'exactly at the line: kept',
    isSeen: checked((leftMs, lineMs, said) => leftMs === lineMs && said === 'keep'),
  },
  {
    id: 'C10, I23',
    sentence: '1 ms above the line: kept',
    isSeen: checked((leftMs, lineMs, said) => leftMs === lineMs + 1 && said === 'keep'),
  },
  {
    id: 'C10, I23',
    sentence: '1 ms below the line: renewed',
    isSeen: checked((leftMs, lineMs, said) => leftMs === lineMs - 1 && said === 'renew'),
  },
  {
    id: 'C10',
    sentence: 'checked in the moment of expiry',
    isSeen: checked((leftMs, _line, said) => leftMs === 0 && said === 'renew'),
  },
  {
    id: 'C5',
    sentence: 'what could not be saved is not delivered',
    isSeen: of('credential.saveFailed'),
  },
  { id: 'C9, C20', sentence: 'access denied leads to one forced check', isSeen: isForced },
  {
    id: 'C11',
    sentence: 'the SP renews what is over on its clock',
    isSeen: (step) => of('credential.requested')(step) && asks(step, 'records.recordIntent'),
  },
  {
    id: 'C12, I31',
    sentence: 'several requests wait for one issue',
    isSeen: (step) => ((facts(step.nextContext).waiters as unknown[] | undefined) ?? []).length > 1,
  },
  {
    id: 'C13',
    sentence: 'an older generation lives on beside the new one',
    isSeen: (step) => ((facts(step.nextContext).older as unknown[] | undefined) ?? []).length > 0,
  },
  {
    id: 'C15',
    sentence: 'a running session drains before its credential ends',
    isSeen: of('alarm.stopStarting'),
  },
  {
    id: 'C15',
    sentence: 'a strict session ends with its credential',
    isSeen: (step) => of('alarm.expiry')(step) && deadline(step, 'budget') !== undefined,
  },
  { id: 'C15', sentence: 'a heartbeat checks', isSeen: of('alarm.heartbeat') },
  {
    id: 'C16',
    sentence: 'the storage or the mover says expired',
    isSeen: of('transfer.credentialExpired'),
  },
  {
    id: 'C16',
    sentence: "a mover's gate closes at the end of its credential",
    isSeen: of('engine.credentialExpired'),
  },
  {
    id: 'C17',
    sentence: 'the old one stands in, flagged degraded',
    isSeen: (step) => asks(step, 'credential.deliver', (one) => one.degraded === true),
  },
  { id: 'C22', sentence: 'a tenant is disabled', isSeen: of('scope.disabled') },
  {
    id: 'C22',
    sentence: 'what can be revoked is revoked',
    isSeen: of('issuer.revoked'),
  },
  {
    id: 'C13, C22',
    sentence: 'what cannot be revoked is listed',
    isSeen: of('issuer.irrevocable'),
  },
  {
    id: 'L3',
    sentence: 'an issuer that does not answer',
    isSeen: of('alarm.issueTimeout'),
  },
  { id: 'M4–M8', sentence: 'a session is opened on a route', isSeen: of('session.opened') },
  {
    id: 'P2, P6',
    sentence: 'the source mover first, then the target mover at the SP',
    isSeen: (step) =>
      asks(step, 'mover.start', ({ role, host }) => role === 'target' && host !== 'sourceProxy'),
  },
  { id: 'P3', sentence: 'the target mover contacts the SP', isSeen: of('contact.made') },
  { id: 'P8', sentence: 'the control channel is lost', isSeen: of('contact.lost') },
  { id: 'P5', sentence: 'a connection is up', isSeen: (step) => asks(step, 'connection.up') },
  { id: 'L6', sentence: 'a lost connection is dialled again', isSeen: of('alarm.backoff') },
  { id: 'L6', sentence: 'a silent peer counts as lost', isSeen: of('alarm.silence') },
  {
    id: 'Q2',
    sentence: 'a mover asks for more than it was granted',
    isSeen: (step) => asks(step, 'quota.request'),
  },
  { id: 'Q3', sentence: 'the quota is exhausted', isSeen: of('quota.exhausted') },
  { id: 'Q3, L9', sentence: 'a raised quota lets it go on', isSeen: of('quota.raised') },
];

function isForced(step: MachineStep): boolean {
  return asks(step, 'credential.request', ({ trigger }) => trigger === 'forced');
}

/** Counts the different steps that put each rule to the test. */
export class ExerciseCounter {
  readonly #counts = EXERCISES.map(() => 0);

  watch: Watcher = (step) => {
    for (const [at, { isSeen }] of EXERCISES.entries()) {
      if (isSeen(step)) this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    }
  };

  report(): readonly Exercised[] {
    return EXERCISES.map(({ id, sentence }, at) => ({
      id,
      sentence,
      steps: this.#counts[at] ?? 0,
    }));
  }
}
