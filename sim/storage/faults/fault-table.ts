/** When a rule fires: at the `nth` matching call and for `repeat` calls from there (default 1). */
interface FaultTiming {
  /** Name of an operation, as `PutObject` or `AssumeRole`; any when absent. */
  readonly operation?: string;
  /** Only calls on keys that begin so. */
  readonly keyPrefix?: string;
  /** Counted from 1 over the matching calls. */
  readonly nth: number;
  readonly repeat?: number;
}

/** What goes wrong. Faults are data, so that a scenario file can carry them. */
export type FaultRule = FaultTiming &
  (
    | {
        /** Answers with this error instead of doing anything. */
        readonly kind: 'error';
        readonly code: string;
        readonly status: number;
        readonly message?: string;
        readonly retryAfterSeconds?: number;
      }
    | {
        /** Cuts the connection: before the work, or after it so that only the reply is lost. */
        readonly kind: 'reset';
        readonly when?: 'before' | 'after';
      }
    /** Changes one byte of the body of a GetObject reply. */
    | { readonly kind: 'corruptBody' }
    /** The key that the call issues (AssumeRole, CreateAccessKey, …) is unknown for this long. */
    | { readonly kind: 'delayKeyPropagation'; readonly ms: number }
    /** Answers late, by real time: the storage's own clock may stand still. */
    | { readonly kind: 'delay'; readonly ms: number }
    /** The storage takes its clock to be this much ahead (or behind, below zero) of what it is. */
    | { readonly kind: 'skewClock'; readonly ms: number }
  );

export interface FaultCount {
  readonly rule: FaultRule;
  /** Calls that matched the rule's operation and key prefix. */
  readonly matched: number;
  /** Calls that it spoiled. */
  readonly fired: number;
}

export interface FaultTable {
  /** Adds a rule; its count begins now. Throws RangeError for an `nth` or `repeat` below 1. */
  add(rule: FaultRule): void;
  clear(): void;
  /** How often each rule matched and fired, in the order of adding. */
  fired(): readonly FaultCount[];
  /** Counts a request and says how far the storage's clock is off for it, in ms. */
  takeSkew(): number;
  /** Counts a call and returns the first rule that fires at it. Called once for each request. */
  take(operation: string, key: string): FaultRule | undefined;
}

export function createFaultTable(rules: readonly FaultRule[] = []): FaultTable {
  let counts: { rule: FaultRule; matched: number; fired: number }[] = [];
  const table: FaultTable = {
    add: (rule) => {
      for (const value of [rule.nth, rule.repeat ?? 1]) {
        if (!(Number.isInteger(value) && value >= 1)) {
          throw new RangeError('nth and repeat of a fault are whole numbers from 1');
        }
      }
      // The clock is read before anybody knows which operation a request means.
      if (rule.kind === 'skewClock' && (rule.operation ?? rule.keyPrefix) !== undefined) {
        throw new RangeError('a skewed clock holds for all operations and keys');
      }
      counts.push({ rule, matched: 0, fired: 0 });
    },
    clear: () => {
      counts = [];
    },
    fired: () => counts.map((count) => ({ ...count })),
    takeSkew: () => {
      let skewMs = 0;
      for (const count of counts) {
        if (count.rule.kind !== 'skewClock') continue;
        count.matched += 1;
        if (!isDue(count)) continue;
        count.fired += 1;
        skewMs += count.rule.ms;
      }
      return skewMs;
    },
    take: (operation, key) => {
      let taken: FaultRule | undefined;
      for (const count of counts) {
        if (count.rule.kind === 'skewClock' || !matches(count.rule, operation, key)) continue;
        count.matched += 1;
        if (taken !== undefined || !isDue(count)) continue;
        count.fired += 1;
        taken = count.rule;
      }
      return taken;
    },
  };
  for (const rule of rules) table.add(rule);
  return table;
}

function isDue({ rule, matched }: { rule: FaultRule; matched: number }): boolean {
  return matched >= rule.nth && matched <= rule.nth + (rule.repeat ?? 1) - 1;
}

function matches(rule: FaultRule, operation: string, key: string): boolean {
  if (rule.operation !== undefined && rule.operation !== operation) return false;
  return rule.keyPrefix === undefined || key.startsWith(rule.keyPrefix);
}
