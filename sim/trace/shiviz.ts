import type { LogEvent } from '../../machines/ports/event-log.ts';
import { text } from '../check/facts.ts';
import { toEntry } from '../tui/model/sentences.ts';
import { type Lane, messageOf } from '../tui/model/sequence.ts';
import { instantWords } from '../tui/words.ts';

/** What ShiViz needs to read the lines; it does not match itself. */
export const SHIVIZ_REGEX = String.raw`(?<host>\S+) (?<time>\S+) (?<clock>\{[^}]*\}) (?<event>.*)`;

type Clock = ReadonlyMap<string, number>;

const STORAGE = 'storage';

/**
 * A log for ShiViz: the regular expression, an empty line (no second execution), then a line an
 * event with its vector clock. Two events are ordered where one node wrote both, or where one of
 * them tells of a message between the two nodes: the log names one end of it, the other end is the
 * nearest event of the same session there. The storage writes no log of its own; an event that
 * tells of a request to it gets a line for the storage.
 */
export function* shivizLines(events: Iterable<LogEvent>): IterableIterator<string> {
  yield SHIVIZ_REGEX;
  yield '';
  const clocks = new VectorClocks();
  for (const event of events) {
    const node = hostName(event.node);
    const what = toEntry(event).text.replace(/\s+/g, ' ');
    const ends = endsOf(event);
    if (ends !== null && (ends.from === STORAGE || ends.to === STORAGE) && node !== STORAGE) {
      // It happens there between the asking and the answer, of which this event tells.
      clocks.receive(STORAGE, node, event.session);
      yield line(STORAGE, event, clocks.tick(STORAGE, event.session), what);
      clocks.receive(node, STORAGE, event.session);
    } else if (ends !== null && ends.to === node) clocks.receive(node, ends.from, event.session);
    clocks.receivePending(node, event.session);
    const clock = clocks.tick(node, event.session);
    if (ends !== null && ends.from === node && ends.to !== STORAGE) {
      clocks.send(ends.to, event.session, clock);
    }
    yield line(node, event, clock, what);
  }
}

function line(node: string, { at }: LogEvent, clock: Clock, what: string): string {
  return `${node} ${instantWords(at).replace(/ /g, '_')} ${JSON.stringify(Object.fromEntries(clock))} ${what}`;
}

function hostName(node: string): string {
  return node === '' ? '_' : node.replace(/[\s{}]/g, '_');
}

/** The nodes between which an event tells of a message; null: it happens in one place. */
function endsOf(event: LogEvent): { readonly from: string; readonly to: string } | null {
  const message = messageOf(event);
  if (message === null || message.from === message.to) return null;
  return { from: nodeOf(message.from, event), to: nodeOf(message.to, event) };
}

function nodeOf(lane: Lane, event: LogEvent): string {
  switch (lane) {
    case 'source':
    case 'target':
      return hostName(`mover:${event.session}:${lane}`);
    case 'tenant': {
      const tenant = text(event, 'tenant');
      // Told by another node, it is whoever else wrote in this session: see `VectorClocks`.
      return event.node.startsWith('tenant:')
        ? hostName(event.node)
        : tenant === null
          ? `tenant of ${event.session}`
          : hostName(`tenant:${tenant}`);
    }
    case 'gateway':
      return 'gateway';
    case 'SP':
      return 'sp';
    case 'storage':
      return STORAGE;
    default:
      return lane satisfies never;
  }
}

class VectorClocks {
  readonly #clocks = new Map<string, Map<string, number>>();
  /** The clock of a node after its latest event in a session. */
  readonly #latest = new Map<string, Clock>();
  readonly #pending = new Map<string, Clock[]>();
  /** `tenant of s1` is whichever tenant node wrote in s1. */
  readonly #tenants = new Map<string, string>();

  tick(node: string, session: string | null): Clock {
    const clock = this.#clockOf(node);
    clock.set(node, (clock.get(node) ?? 0) + 1);
    const copy = new Map(clock);
    if (session !== null && node.startsWith('tenant:')) {
      this.#tenants.set(`tenant of ${session}`, node);
    }
    this.#latest.set(keyOf(node, session), copy);
    // A message of no session comes after whatever its sender did last.
    this.#latest.set(keyOf(node, null), copy);
    return copy;
  }

  /** The node knows what `from` knew after its latest event of this session. */
  receive(node: string, from: string, session: string | null): void {
    const known = this.#latest.get(keyOf(this.#named(from), session));
    if (known !== undefined) this.#merge(node, known);
  }

  /** The next event of `to` in this session knows this. */
  send(to: string, session: string | null, clock: Clock): void {
    const key = keyOf(this.#named(to), session);
    this.#pending.set(key, [...(this.#pending.get(key) ?? []), clock]);
  }

  receivePending(node: string, session: string | null): void {
    const key = keyOf(node, session);
    for (const clock of this.#pending.get(key) ?? []) this.#merge(node, clock);
    this.#pending.delete(key);
  }

  #named(node: string): string {
    return this.#tenants.get(node) ?? node;
  }

  #merge(node: string, other: Clock): void {
    const clock = this.#clockOf(node);
    for (const [name, count] of other) clock.set(name, Math.max(clock.get(name) ?? 0, count));
  }

  #clockOf(node: string): Map<string, number> {
    const known = this.#clocks.get(node);
    if (known !== undefined) return known;
    const fresh = new Map<string, number>();
    this.#clocks.set(node, fresh);
    return fresh;
  }
}

function keyOf(node: string, session: string | null): string {
  return `${node} ${session ?? ''}`;
}
