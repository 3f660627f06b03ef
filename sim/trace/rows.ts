import type { LogEvent } from '../../machines/ports/event-log.ts';
import type { EpochMs } from '../../machines/rules/time.ts';
import { count, text } from '../check/facts.ts';
import { toEntry } from '../tui/model/sentences.ts';
import { type Message, messageOf } from '../tui/model/sequence.ts';
import { sizeWords, tidy } from '../tui/words.ts';

/** What a drawing of a trace is made of, from top to bottom; the same for every format. */
export type Row =
  | {
      readonly kind: 'message';
      readonly seq: number;
      readonly lastSeq: number;
      readonly at: EpochMs;
      readonly session: string | null;
      readonly message: Message;
      /** So many in a row that say the same. */
      readonly count: number;
    }
  /** Something that nobody says to anybody. */
  | {
      readonly kind: 'note';
      readonly seq: number;
      readonly at: EpochMs;
      readonly session: string | null;
      readonly text: string;
    }
  | { readonly kind: 'idle'; readonly fromAt: EpochMs; readonly toAt: EpochMs }
  /** The rows below are of this session. */
  | { readonly kind: 'session'; readonly session: string; readonly text: string };

/** Nothing happens for longer: the time is named instead of shown. */
export const IDLE_MS = 60_000;

/** Messages of which a backup has thousands; in a row they are one. */
const FOLDED: ReadonlySet<string> = new Set(['storage.used', 'quota.spent']);

/** Rows for these events. */
export function* rowsOf(events: Iterable<LogEvent>): IterableIterator<Row> {
  const folder = new Folder();
  let session: string | null = null;
  let lastAt: EpochMs | null = null;
  for (const event of events) {
    if (lastAt !== null && event.at - lastAt >= IDLE_MS) {
      yield* folder.flush();
      yield { kind: 'idle', fromAt: lastAt, toAt: event.at };
    }
    lastAt = event.at;
    if (event.session !== null && event.session !== session) {
      yield* folder.flush();
      session = event.session;
      yield { kind: 'session', session, text: titleOf(event) };
    }
    yield* folder.take(event);
  }
  yield* folder.flush();
}

function titleOf(event: LogEvent): string {
  if (event.type !== 'session.started') return 'goes on';
  const who = text(event, 'subtenant') ?? text(event, 'tenant') ?? '?';
  const of = tidy(text(event, 'backup') ?? '?');
  return `${text(event, 'operation') ?? '?'} of ${of}, ${tidy(who)}, ${text(event, 'repository')}`;
}

/** Holds a row back while the next event may say the same. */
class Folder {
  #row: Extract<Row, { kind: 'message' }> | null = null;
  #bytes = 0;
  #label = '';

  *take(event: LogEvent): IterableIterator<Row> {
    const message = messageOf(event);
    if (message === null) {
      yield* this.flush();
      yield note(event);
      return;
    }
    const label = tidy(labelOf(event, message));
    const bytes = FOLDED.has(event.type) ? bytesOf(event) : 0;
    const { seq, at, session } = event;
    const held = this.#row;
    if (
      held !== null &&
      FOLDED.has(event.type) &&
      held.session === session &&
      held.message.from === message.from &&
      held.message.to === message.to &&
      this.#label === label
    ) {
      this.#bytes += bytes;
      this.#row = { ...held, lastSeq: seq, count: held.count + 1 };
      return;
    }
    yield* this.flush();
    this.#label = label;
    this.#bytes = bytes;
    this.#row = { kind: 'message', seq, lastSeq: seq, at, session, message, count: 1 };
  }

  *flush(): IterableIterator<Row> {
    const row = this.#row;
    this.#row = null;
    if (row === null) return;
    const times = row.count === 1 ? '' : ` x${row.count}`;
    const size = this.#bytes === 0 ? '' : ` ${sizeWords(this.#bytes)}`;
    yield { ...row, message: { ...row.message, text: `${this.#label}${times}${size}` } };
  }
}

/** What is summed up over messages that are folded. */
function bytesOf(event: LogEvent): number {
  return count(event, event.type === 'quota.spent' ? 'spentBytes' : 'bytes') ?? 0;
}

/** Folded messages get their size from all of them. */
function labelOf(event: LogEvent, message: Message): string {
  if (event.type === 'quota.spent') return 'spent';
  if (event.type !== 'storage.used') return message.text;
  const status = text(event, 'status') ?? '?';
  return status === 'ok' ? message.text : `${message.text}: ${status}`;
}

function note(event: LogEvent): Row {
  const { seq, at, session } = event;
  return { kind: 'note', seq, at, session, text: toEntry(event).text };
}
