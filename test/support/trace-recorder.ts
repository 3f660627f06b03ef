import { formatDuration } from '../../machines/rules/duration.ts';

/** One step of a model run; `state` is where the machine is when an event comes. */
export type Step = (
  at: number,
  kind: 'event' | 'request' | 'crash',
  what: string,
  state: string,
) => void;

/** `credential.deliver requestId=r1 generation=2`: a fact or request as one line. */
export function describeStep(thing: { readonly type: string }): string {
  const { type, ...rest } = thing as { type: string } & Record<string, unknown>;
  const fields = Object.entries(rest)
    .filter(([, value]) => typeof value !== 'object' || value === null)
    .map(([name, value]) => `${name}=${String(value)}`);
  return [type, ...fields].join(' ');
}

const MARK = { event: '->', request: '<-', crash: '!!' } as const;

/**
 * Writes a run down as text, one line a step in fixed columns: when (since the start), `->` into
 * the machine or `<-` out of it, what, and the state in which it came. Instants are shown as the
 * time since the start, so that a line can be read without a calculator.
 */
export class TraceRecorder {
  readonly #startAt: number;
  readonly #lines: string[] = [];

  constructor(startAt: number, title: string) {
    this.#startAt = startAt;
    this.#lines.push(`# ${title}`);
  }

  readonly step: Step = (at, kind, what, state) => {
    const when = formatDuration(at - this.#startAt).padEnd(22);
    const readable = what
      .replace(/\b(at|expiresAt|heldExpiresAt)=(\d+)/g, (_all, name, instant) => {
        return `${name}=+${formatDuration(Number(instant) - this.#startAt).replaceAll(' ', '')}`;
      })
      .replace(/\b(\w+Ms)=(-?\d+)/g, (_all, name, ms) => {
        return `${name}=${formatDuration(Number(ms)).replaceAll(' ', '')}`;
      });
    const place = kind === 'event' ? state : '';
    this.#lines.push(`${when} ${MARK[kind]} ${place.padEnd(26)} ${readable}`.trimEnd());
  };

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}
